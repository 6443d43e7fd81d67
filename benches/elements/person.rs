//! Labelled lines with personal data and sensitive authentication data in every spelling that logs
//! have, and lines that only look like them. All persons are made up; numbers are of ranges for
//! fiction, or of nobody.

use leaksweep::element::Element;

use super::Chance;

/// What a shape writes: its name, the element that must be found, the line; `#` stands for a digit.
type Shape = (&'static str, Element, &'static str);

/// English keys and labels.
const ENGLISH: &[Shape] = &[
    ("name, query", Element::Name, "GET /r?name_kanji=x&customer_name=John+Smith&x=# HTTP/1.1"),
    ("name, json", Element::Name, r#"{"id":#,"full_name":"Mary Ann Jones"}"#),
    ("name, parts", Element::Name, "first_name=Taro last_name=Yamada id=#"),
    ("address, json", Element::Address, r#"{"address1":"12# Main Street, Apt 4","n":#}"#),
    ("phone, key", Element::Phone, "tel=090-1#34-56#8 ok"),
    ("phone, json", Element::Phone, r#"{"phone":"+81 3-1#34-56#8"}"#),
    ("phone, international", Element::Phone, "call +44 20 7946 0#5# back"),
    ("phone, Japan, free", Element::Phone, "contact 090-1#34-56#8 today"),
    ("birth, iso", Element::BirthDate, "birthday=19#7-04-1# x"),
    ("birth, slashes", Element::BirthDate, r#"{"dob":"19#7/4/1#"}"#),
    ("my number", Element::IndividualNumber, "my_number=123456789018 n=#"),
    ("my number, then words", Element::IndividualNumber, "mynumber: 123456789018 checked #"),
    ("phone, then words", Element::Phone, "tel: 0901#34567# called back"),
    ("security code, then words", Element::SecurityCode, "cvv: #2# for order"),
    ("address, then words", Element::Address, "address: 12# Main Street Springfield id=#"),
    ("security code", Element::SecurityCode, "securityCode=#2# op=x"),
    ("pin block", Element::PinBlock, "pin_block=0412#4EDCBA98#6F mti=0200"),
];

/// Japanese keys and labels, which are written in each encoding.
const JAPANESE: &[Shape] = &[
    ("氏名", Element::Name, "受付 氏名：山田太郎 番号 #"),
    ("氏名, 姓 名", Element::Name, "氏名：佐藤 花子 (#) 様"),
    ("氏名, 全角空白", Element::Name, "氏名：佐藤　花子　会員番号 #"),
    ("携帯電話", Element::Phone, "携帯電話：0901#34567# 確認済"),
    ("マイナンバー", Element::IndividualNumber, "マイナンバー：123456789018 受付 #"),
    ("お名前", Element::Name, "お名前=佐藤 花子&n=#"),
    ("フリガナ", Element::Name, "フリガナ：ヤマダ タロウ n=#"),
    ("住所", Element::Address, "住所：東京都千代田区霞が関1-#-3"),
    ("住所, free", Element::Address, "送付先は 大阪府大阪市北区梅田1-#-3 です"),
    ("電話番号", Element::Phone, "電話番号：03-1#34-56#8"),
    ("生年月日", Element::BirthDate, "生年月日：昭和5#年4月1#日"),
    ("セキュリティコード", Element::SecurityCode, "セキュリティコード：#2#"),
];

/// Lines that hold none of it.
const DECOYS: &[(&str, &str)] = &[
    ("file name", "name=report_#.pdf size=#"),
    ("product name", r#"{"product_name":"Blue Shirt #","sku":"A#"}"#),
    ("host name", "hostname=web#.example.com name=web#"),
    ("server address", "address=10.0.0.# bind=0.0.0.0"),
    ("memory address", "address=0x7fff#a#b0 fault"),
    ("memory address, in words", "address: fault at 0x7fff#a#b0 in libc"),
    ("listening address", "address=10.0.0.# port 808# ready"),
    ("listening host", "address: web#.example.com port 808# ready"),
    ("hardware address", "address 00:1a:2b:3c:4d:5# dev eth#; addr=00:1a:2b:3c:4d:5# dev eth# up"),
    ("recipient in words", "recipient: delivered to queue # of 1#"),
    ("code in words", "cvc result: #00 OK"),
    ("phone-like ids", "ref 12#-45#-78# closed"),
    ("date", "date=2017-03-0# created=2017-03-1#"),
    ("version", "tel=- mobile=true phone=null v=1.#.#"),
    ("code", "code=#2# err=E0# status=40#"),
    ("pin", "pin=on pinned=true pin_count=#"),
    ("hash", "digest=0412#4EDCBA98#6F etag=8f2a6c0de19b47#3"),
    ("Japanese text", "注文番号#を受け付けました。合計は#00円です"),
    ("Japanese product", "商品名：山田錦 720ml 数量：#"),
    ("Japanese place", "営業所は東京にあります #"),
    ("card type", "cardtype=visa name=visa n=#"),
];

/// A line, and the element in it.
pub struct Line {
    pub bytes: Vec<u8>,
    pub shape: String,
    pub holds: Option<Element>,
}

fn filled(text: &str, chance: &mut Chance) -> String {
    let digit = |c| if c == '#' { char::from(b'1' + chance.below(9) as u8) } else { c };
    text.chars().map(digit).collect()
}

/// A way of writing, and its name.
type Written = (&'static str, fn(&str) -> Vec<u8>);

/// How Japanese text is written.
const WRITTEN: &[Written] = &[
    ("utf-8", |text| text.as_bytes().to_vec()),
    ("shift_jis", |text| encoding_rs::SHIFT_JIS.encode(text).0.into_owned()),
    ("euc-jp", |text| encoding_rs::EUC_JP.encode(text).0.into_owned()),
    ("\\u", |text| escaped(text, |c| format!("\\u{:04x}", c as u32))),
    ("%", |text| escaped(text, percents)),
];

fn percents(c: char) -> String {
    let bytes = c.to_string().into_bytes();
    bytes.iter().flat_map(|b| ["%".to_owned(), format!("{b:02X}")]).collect()
}

fn escaped(text: &str, spell: impl Fn(char) -> String) -> Vec<u8> {
    let spelled = |c: char| if c.is_ascii() { c.to_string() } else { spell(c) };
    text.chars().map(spelled).collect::<String>().into_bytes()
}

/// So many lines of each shape and of each decoy.
pub fn log(lines: u64, chance: &mut Chance) -> Vec<Line> {
    let mut out = Vec::new();
    for _ in 0..lines {
        for (shape, element, text) in ENGLISH {
            let bytes = filled(text, chance).into_bytes();
            out.push(Line { bytes, shape: (*shape).into(), holds: Some(*element) });
        }
        for (shape, element, text) in JAPANESE {
            let text = filled(text, chance);
            out.extend(WRITTEN.iter().map(|(how, write)| Line {
                bytes: write(&text),
                shape: format!("{shape}, {how}"),
                holds: Some(*element),
            }));
        }
        for (shape, text) in DECOYS {
            let bytes = filled(text, chance).into_bytes();
            out.push(Line { bytes, shape: format!("no data: {shape}"), holds: None });
        }
    }
    out
}
