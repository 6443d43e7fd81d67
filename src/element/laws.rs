//! The laws of this room, on random and structured input.

use proptest::prelude::*;

use super::*;
use crate::event::Event;
use crate::event::decode::percent;

/// Made-up card numbers with a right check digit.
const CARDS: [&str; 5] = [
    "4556737586899855",
    "5425231234567896",
    "371234567890120",
    "3540123456789019",
    "2223987654321090",
];

fn valid(card: &str) -> String {
    let body = &card[..card.len() - 1];
    let luhn = |n: &String| crate::pan::iin::luhn(n.as_bytes());
    (0..10).map(|d| format!("{body}{d}")).find(luhn).unwrap()
}

fn spell(card: &str, how: usize) -> String {
    let gap = |gap: &str| {
        let cuts: &[usize] = if card.len() == 15 { &[4, 10] } else { &[4, 8, 12] };
        let cut = |(i, c)| if cuts.contains(&i) { format!("{gap}{c}") } else { String::from(c) };
        card.char_indices().map(cut).collect::<String>()
    };
    let each = |f: &dyn Fn(u32) -> String| card.chars().map(|c| f(c as u32)).collect::<String>();
    match how % 14 {
        0 | 1 => card.to_owned(),
        2 => gap("-"),
        3 => gap(" "),
        4 => gap("%20"),
        5 => gap("+"),
        6 => gap("\u{A0}"),
        7 => gap("."),
        8 => each(&|c| format!("%{c:02X}")),
        9 => each(&|c| format!("\\u{c:04x}")),
        10 => each(&|c| format!("&#{c};")),
        11 => each(&|c| char::from_u32(c + 0xFEE0).unwrap().to_string()),
        12 => gap("%2D"),
        _ => gap("\\u00a0"),
    }
}

/// What log lines are made of.
fn piece() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "card_no=",
        "\"card_no\":\"",
        "cardNo=",
        "&",
        "\",\"",
        " ",
        ",",
        "{",
        "}",
        "[",
        "]",
        "=",
        ":",
        "%22",
        "%3A",
        "%3D",
        "\\\"",
        "&quot;",
        "\\u0022",
        "expire=2003",
        " 12/25 ",
        "cvv=123",
        "\"securityCode\":\"0123\"",
        "mail=",
        "taro@foo.co.jp",
        "taro%40foo.co.jp",
        "info@foo.jp",
        "logo@2x.png",
        "name=",
        "山田 太郎",
        "氏名:",
        "氏名%3A",
        "tel=",
        "090-1234-5678",
        "+81 90-1234-5678",
        "+81-3-1234-5678",
        "+1%20415%20555%200132",
        "%2B14155550132",
        "%2B1+415+555-0132",
        "(415)",
        "%28415%29",
        "%20",
        "555-0132",
        "415-555-0132",
        "0422-12-3456",
        "address=",
        "東京都千代田区霞が関1-1-1",
        "birthday=1980-01-02",
        "411111******1111",
        "4111-11XX-XXXX-1111",
        "************1111",
        "order_id=",
        "1488920527412",
        "20170308000123",
        "4556737586899856",
        "<CardNo>",
        "</CardNo>",
        "%B",
        "^YAMADA/TARO^20121011234567890?",
        "=20121011234567890?",
        ";",
        "\n",
        "\\n",
        "x",
        "0",
        "%",
        "\\",
        "+",
        "-",
        ".",
        "_",
        "123e4567-e89b-12d3-a456-426614174000",
        "fullname=Taro",
        "%66ullname=Taro",
        "customer%5Bfull_name%5D=Taro",
        "\u{2022}\u{2022}\u{2022}\u{2022}",
        "mynumber=123456789018",
        "card_no=3D",
        "=E5=90=8D",
        "taro=40foo.co.jp",
        "東京都千代田区霞が関",
        "1-2-3",
        "〒100-0013 ",
        "0200",
        "7000000000000000",
        "16",
        "(415) 555-0132",
        "+819012345678",
        "Visa - ",
        "@",
        "(",
    ]);
    let card = (0..CARDS.len(), 0..14usize).prop_map(|(i, how)| spell(&valid(CARDS[i]), how));
    prop_oneof![3 => words.prop_map(str::to_owned), 1 => card, 1 => "[ -\\[\\]-~]{0,6}"]
}

fn line() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 1..14).prop_map(|pieces| pieces.concat())
}

fn records(text: &[u8]) -> Vec<Record> {
    let mut event = Event::default();
    event.reset(text);
    let mut out = Vec::new();
    let finder = Finder::new(CaseKey::from_bytes(b"laws"));
    finder.records(&event, &mut Scratch::default(), &mut out);
    out
}

fn sifted(text: &[u8]) -> Vec<usize> {
    let mut at = Vec::new();
    sift::candidates(text, &mut at);
    at
}

/// Whether a text shows a number as its digits, separators and one layer of escapes undone.
fn shows(text: &str, number: &str) -> bool {
    let digits = |bytes: &[u8]| {
        bytes.iter().filter(|b| b.is_ascii_digit()).map(|b| *b as char).collect::<String>()
    };
    text.contains(number) || digits(&percent(text.as_bytes())).contains(number)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), at in 0..500usize, max in 0..200usize) {
        if !records(&bytes).is_empty() {
            prop_assert!(!sifted(&bytes).is_empty());
        }
        let masked = mask(&bytes, at, max);
        prop_assert!(masked.as_str().chars().count() <= max);
    }

    #[test]
    fn the_sift_leaves_nothing_out(before in line(), text in line(), pad in 0..70usize) {
        let text: String = text.replace('\n', " ");
        if !records(text.as_bytes()).is_empty() {
            let block = format!("{}{}\n{text}\n{before}", "y".repeat(pad), before);
            let start = pad + before.len() + 1;
            let inside = start..start + text.len();
            prop_assert!(sifted(block.as_bytes()).iter().any(|at| inside.contains(at)), "{text}");
        }
    }

    #[test]
    fn masked_text_holds_nothing(text in line(), at in 0..300usize, max in 20..300usize) {
        let masked = mask(text.as_bytes(), at, max);
        prop_assert!(masked.as_str().chars().count() <= max);
        for card in CARDS.map(valid) {
            prop_assert!(!shows(masked.as_str(), &card), "{text} -> {masked}");
        }
        prop_assert_eq!(records(masked.as_str().as_bytes()), vec![], "{} -> {}", text, masked);
    }

    #[test]
    fn a_card_under_its_key_is_found_in_every_spelling(i in 0..CARDS.len(), how in 0..14usize, after in "[&\" ,]x=[a-z]{1,5}") {
        let text = format!("id=1&card_no={}{after}", spell(&valid(CARDS[i]), how));
        let grades: Vec<_> = records(text.as_bytes()).iter().filter_map(|r| r.card).map(|c| c.grade).collect();
        prop_assert_eq!(grades, vec![Grade::Keyed], "{}", text);
    }
}

#[test]
fn what_a_cut_leaves_of_a_name_is_masked() {
    for max in 12..40 {
        let masked = mask(b"fullname=Taro{%B4556737586899855", 0, max);
        assert_eq!(records(masked.as_str().as_bytes()), vec![], "{max} {masked}");
    }
}
