//! What makes a record, on whole entries.

use super::*;
use crate::event::Event;

fn finder() -> Finder {
    Finder::new(CaseKey::from_bytes(b"test"))
}

/// The records of a text of no known format.
fn records(text: &[u8]) -> Vec<Record> {
    let mut event = Event::default();
    event.reset(text);
    let mut out = Vec::new();
    finder().records(&event, &mut Scratch::default(), &mut out);
    out
}

/// Records as `elements/grade`, one a line.
fn told(text: &str) -> String {
    let tell = |r: &Record| {
        let names: Vec<_> = r.class.iter().map(Element::name).collect();
        format!("{} {}", names.join("+"), r.card.map_or("-".into(), |c| format!("{:?}", c.grade)))
    };
    records(text.as_bytes()).iter().map(tell).collect::<Vec<_>>().join("; ")
}

#[test]
fn records_of_entries() {
    let table = [
        (
            r#"{"order_id":"T1","card_no":"4556737586899855","expire":"2003","mail":"taro@foo.co.jp"}"#,
            "card_number+expiry+email Keyed",
        ),
        (
            "op=SearchCard cardNo=4556737586899855 expire=2003 securityCode=123 mail=taro@foo.co.jp name=山田太郎 address=東京都千代田区1-1 tel=03-1234-5678 birthday=1980-01-02 appliedAt=2016-11-02 joinMonth=2017-01",
            "card_number+expiry+security_code+email+name+address+phone+birth_date+application_date+joining_date Keyed",
        ),
        (
            r#"{"op":"ExecTran","src_ip":"198.51.100.23","card_no":"411111******1111","order_id":"1"}"#,
            " MaskedWell",
        ),
        (r#"{"card_no":"4111111111111111","expire":"2003"}"#, " Test"),
        (r#"{"card_no":"4556737586899856","expire":"2003"}"#, " LuhnFailure"),
        (
            r#"198.51.100.2 - - [08/Mar/2017:05:12:07 +0900] "GET /img/logo@2x.png HTTP/1.1" 200 4556 "-" "Bot/1.0 (+http://bot.com/)""#,
            "",
        ),
        ("order 4556737586899855 shipped", " Review"),
        ("paid 4556737586899855 12/25 ok", "card_number+expiry Corroborated"),
        ("order_id=4556737586899855 expire=2003", " Review"),
        (
            "order_id=4556737586899855&card_no=5425231234567896&expire=2003",
            " Review; card_number+expiry Keyed",
        ),
        (
            "trace 1488920527412000 20170308000123 4901234567894 490154203237518 123e4567-e89b-12d3-a456-426614174000",
            "",
        ),
        (
            r#"{"rows":[{"card_no":"4556737586899855","name":"山田 太郎"},{"card_no":"5425231234567896","name":"佐藤 花子"}]}"#,
            "card_number+name Keyed; card_number+name Keyed",
        ),
        (
            r#"{"name":"山田 太郎","payments":[{"card_no":"4556737586899855"}]}"#,
            "card_number+name Keyed",
        ),
        (
            "(1,'a@foo.jp','4556737586899855','12/25'),(2,'b@foo.jp','5425231234567896','01/26')",
            "card_number+expiry+email Corroborated; card_number+expiry+email Corroborated",
        ),
        ("mail=taro@foo.co.jp", "email -"),
        ("op=auth pin_block=041274EDCBA9876F", "pin_block -"),
        (
            r#"{"pan":"4556737586899855","encryptedPin":"8f2a6c0de19b4753"}"#,
            "card_number+pin_block Keyed",
        ),
        ("pin_block=0000000000000000 pinblock=none", ""),
        ("mail=info@foo.co.jp", ""),
        ("name=Taro", ""),
        ("name=Taro&tel=090-1234-5678", "name+phone -"),
        ("氏名:山田太郎", "name -"),
        ("%B4556737586899855^YAMADA/TARO^2012101123456789?", "card_number+track Track"),
        (";4556737586899855=20121011234567890000?", "card_number+track Track"),
        ("5F2A02039 5A0845567375868998555F2403201231", "card_number Track"),
        ("57114556737586899855D20121011234567890", "card_number+track Track"),
        ("data=Y2FyZF9ubz00NTU2NzM3NTg2ODk5ODU1Jng9MQ==", "card_number Keyed"),
        ("card_no01=4556&card_no02=7375&card_no03=8689&card_no04=9855", "card_number Keyed"),
        (
            "card%5Bnumber%5D=4556%207375%208689%209855&card%5Bcvc%5D=123",
            "card_number+security_code Keyed",
        ),
        ("{\"msg\":\"{\\\"card_no\\\":\\\"4556737586899855\\\"}\"}", "card_number Keyed"),
        ("card_no=４５５６７３７５８６８９９８５５", "card_number Keyed"),
        (
            "Diners Club - 36113456789006 Visa: 4556737586899855",
            "card_number Keyed; card_number Keyed",
        ),
        ("122000000000003", " Test"),
        ("0200 7000000000000000 164556737586899855000000", "card_number Keyed"),
        ("card_no=3D\"4556737586899855\" mail=3Dtaro=40foo.co.jp", "card_number+email Keyed"),
        ("問い合わせ 東京都千代田区霞が関1-2-3 様", "address -"),
        ("Account_Number=0012345&MemberName=John+Smith", "name+bank_account -"),
        ("<CardNo>4556737586899855</CardNo><Expire>2003</Expire>", "card_number+expiry Keyed"),
    ];
    for (text, want) in table {
        assert_eq!(told(text), want, "{text}");
    }
}

#[test]
fn masked_text_holds_nothing() {
    let table = [
        ("card_no=4556737586899855 ok", "card_no=455673…9855 ok"),
        ("x=4556%2D7375%2D8689%2D9855&y", "x=455673…9855&y"),
        ("DE52: 041274EDCBA9876F&x=1", "DE52: ⟨pin_block⟩&x=1"),
        ("cvv=123&mail=taro%40foo.co.jp", "cvv=⟨security_code⟩&mail=⟨email⟩"),
        ("a\u{1b}[31mb\n", "a\\u{1b}[31mb\\n"),
        ("card_no=411111******1111", "card_no=⟨masked card⟩"),
        ("no=2223%2D9876%2D5432%2D1095card_no=3D", "no=222398…1095card_no=3D"),
        ("GET /eyJwYW4iOiIzNTQwMDYxMDQxMjQxMzUwIn0?q=u+x HTTP", "GET /354006…1350?q=u+x HTTP"),
        ("card=4012888888881881 href=3D", "card=401288…1881 href=3D"),
    ];
    for (text, want) in table {
        assert_eq!(mask(text.as_bytes(), 0, 200).as_str(), want);
    }
}
