//! Is the value under a key what the key says? Names, addresses, phones, dates and codes, judged
//! one by one; nothing here searches free text.

/// Whether a value is a name: 2 to 20 kanji or kana, or Latin words.
pub(super) fn is_name(value: &str) -> bool {
    const NONE: &[&str] = &[
        "null",
        "none",
        "nil",
        "undefined",
        "true",
        "false",
        "unknown",
        "redacted",
        "filtered",
        "anonymous",
        "guest",
        "empty",
        "na",
        "test",
        "string",
        "default",
    ];
    let value = value.trim();
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    let wide = !value.is_ascii();
    let allowed = |c: char| {
        c.is_alphabetic() || matches!(c, ' ' | '+' | '.' | '\'' | '-' | '・' | '’' | 'ー')
    };
    let plain: String = value.chars().filter(char::is_ascii_alphabetic).collect();
    value.chars().all(allowed)
        && (if wide { 1..=24 } else { 2..=40 }).contains(&letters)
        && !NONE.contains(&plain.to_ascii_lowercase().as_str())
}

/// Whether a value is a holder's name as cards show it.
pub(super) fn is_holder(value: &str) -> bool {
    is_name(value) && value.chars().filter(|c| c.is_alphabetic()).count() >= 3
}

/// Whether a value is a postal address: Japanese text, or words with a number.
pub(super) fn is_address(value: &str) -> bool {
    let value = value.trim();
    let wide = value.chars().filter(|c| !c.is_ascii() && c.is_alphanumeric()).count();
    let (digits, letters) = value.bytes().fold((0, 0), |(d, l), b| {
        (d + usize::from(b.is_ascii_digit()), l + usize::from(b.is_ascii_alphabetic()))
    });
    let blank = value.contains([' ', '+', ',']);
    let foreign = value.contains(['@', '{', '\\', '=']) || value.contains("://");
    !foreign && !is_of_machine(value) && (wide >= 3 || digits > 0 && letters >= 4 && blank)
}

/// Whether a value is the address of something in a memory or a network: a hexadecimal pointer
/// anywhere, or first an address of IP or Ethernet, a bare hexadecimal number, or a host.
fn is_of_machine(value: &str) -> bool {
    let hexadecimal = |word: &str| word.bytes().all(|b| b.is_ascii_hexdigit());
    let pointer = |word: &str| {
        word.strip_prefix("0x")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_hexdigit()))
    };
    let words = || value.split([' ', ',', '+', '(', ')']).filter(|word| !word.is_empty());
    let first = words().next().unwrap_or_default();
    let network = first.split(['.', ':', '/', '[', ']']).filter(|part| !part.is_empty());
    let parts: Vec<&str> = network.collect();
    let numbered = parts.len() >= 4 && parts.iter().all(|part| hexadecimal(part));
    let number = first.len() >= 8 && hexadecimal(first);
    let host = first.contains('.') && {
        let last = parts.iter().rfind(|part| part.parse::<u16>().is_err());
        parts.len() >= 2
            && last
                .is_some_and(|last| last.len() >= 2 && last.bytes().all(|b| b.is_ascii_lowercase()))
    };
    words().any(pointer) || numbered || number || host || first.starts_with("localhost")
}

/// A phone number in national form (`0…` in Japan, else `+…`): 9 to 15 digits, not toll-free.
pub(super) fn phone(value: &str) -> Option<String> {
    let value = value.trim();
    if !value.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '(' | ')' | ' ' | '.'))
    {
        return None;
    }
    let mut digits: String = value.chars().filter(char::is_ascii_digit).collect();
    if let Some(rest) = digits.strip_prefix("81").filter(|r| value.starts_with('+') || r.len() > 8)
    {
        digits = format!("0{}", rest.trim_start_matches('0'));
    }
    let same = digits.bytes().all(|b| Some(b) == digits.bytes().next());
    let business = ["0120", "0800", "0570", "0990"].iter().any(|p| digits.starts_with(p));
    let length = if digits.starts_with('0') { 10..=11 } else { 9..=15 };
    (length.contains(&digits.len()) && !same && !business).then_some(digits)
}

/// Years, months and days of a date as days since 1970-01-01 (proleptic Gregorian).
fn days(year: i32, month: u32, day: u32) -> Option<i32> {
    const LENGTHS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = LENGTHS.get((month as usize).checked_sub(1)?)?;
    if !(1..=*length).contains(&day) || !(1868..=2100).contains(&year) {
        return None;
    }
    // H. Hinnant's civil calendar: years begin in March.
    let year = year - i32::from(month <= 2);
    let of_year = (153 * ((month as i32 + 9) % 12) + 2) / 5 + day as i32 - 1;
    Some(year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468)
}

/// The first groups of digits of a value, at most three.
fn groups(value: &str) -> Vec<&str> {
    let groups = value.split(|c: char| !c.is_ascii_digit()).filter(|g| !g.is_empty());
    groups.take(3).collect()
}

/// A calendar date, as days since 1970-01-01: `2017-03-08…`, `20170308`, `2017年3月8日`,
/// `昭和55年1月2日`, `S55.1.2`; without a day (`2017-03`, `201703`) its first.
pub(super) fn date(value: &str) -> Option<i32> {
    const ERAS: [(&[&str], i32); 5] = [
        (&["明治", "M"], 1867),
        (&["大正", "T"], 1911),
        (&["昭和", "S"], 1925),
        (&["平成", "H"], 1988),
        (&["令和", "R"], 2018),
    ];
    let value = value.trim();
    let first = value.chars().next()?;
    let era = ERAS.iter().find(|(names, _)| names.iter().any(|n| value.starts_with(n)));
    if era.is_none() && !first.is_ascii_digit() {
        return None;
    }
    let number = |text: &str| text.parse::<u32>().ok();
    let parts = groups(value);
    let (year, month, day) = match parts.as_slice() {
        [all, ..] if all.len() == 8 || all.len() == 14 => {
            (all.get(..4)?, all.get(4..6)?, all.get(6..8)?)
        }
        [all] if all.len() == 6 => (all.get(..4)?, all.get(4..6)?, "1"),
        [year, month] => (*year, *month, "1"),
        [year, month, day] => (*year, *month, day.get(..2).unwrap_or(day)),
        _ => return None,
    };
    let base = era.map_or(0, |(_, base)| *base);
    if era.is_none() && year.len() != 4 {
        return None;
    }
    days(base + number(year)? as i32, number(month)?, number(day)?)
}

/// A birth date: a date from 1868 to today's grown log (2026).
pub(super) fn birth(value: &str) -> Option<i32> {
    let last = days(2026, 12, 31)?;
    date(value)
        .filter(|day| *day <= last && value.chars().filter(char::is_ascii_digit).count() >= 3)
}

/// Whether a value is an expiry: `MM/YY`, `MM/YYYY`, `YYYY-MM`, `YYMM`, `MMYY`, `YYYYMM`, `MMYYYY`.
pub(super) fn is_expiry(value: &str) -> bool {
    let value = value.trim();
    let month = |m: &str| m.len() <= 2 && is_month(m);
    let year = |y: &str| matches!(y.len(), 2 | 4) && is_year(y);
    if !value
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '/' | '-' | ' ' | '.' | '年' | '月'))
    {
        return false;
    }
    let either = |a: &str, b: &str| month(a) && year(b) || year(a) && month(b);
    match groups(value).as_slice() {
        [a, b] => either(a, b),
        [a, b, day] => a.len() == 4 && year(a) && month(b) && day.len() <= 2,
        [all] => match all.len() {
            4 => either(&all[..2], &all[2..]),
            6 => year(&all[..4]) && month(&all[4..]) || month(&all[..2]) && year(&all[2..]),
            _ => false,
        },
        _ => false,
    }
}

/// Whether a value is a month of the year.
pub(super) fn is_month(value: &str) -> bool {
    value.len() <= 2 && value.parse::<u32>().is_ok_and(|m| (1..=12).contains(&m))
}

/// Whether a value is a year in which a card of a log may expire: 1995 to 2060.
pub(super) fn is_year(value: &str) -> bool {
    let Ok(year) = value.parse::<u32>() else { return false };
    match value.len() {
        2 => year <= 60 || year >= 95,
        4 => (1995..=2060).contains(&year),
        _ => false,
    }
}

/// Whether a value is a security code: three or four digits and nothing else.
pub(super) fn is_code(value: &str) -> bool {
    (3..=4).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a value is a PIN block in hexadecimal: 8 bytes (ISO 9564-1, formats 0 to 3) or 16
/// (format 4), encrypted or not.
pub(super) fn is_pin_block(value: &str) -> bool {
    let value = value.split(' ').next().unwrap_or_default();
    matches!(value.len(), 16 | 32)
        && value.bytes().all(|b| b.is_ascii_hexdigit())
        && value.bytes().any(|b| b != value.as_bytes()[0])
}

/// Whether a value is a postal code: `123-4567`, `1234567`, `12345`, `12345-6789`.
pub(super) fn is_postal(value: &str) -> bool {
    let value = value.trim().trim_start_matches('〒');
    let lengths: Vec<usize> = value.split('-').map(str::len).collect();
    value.bytes().all(|b| b.is_ascii_digit() || b == b'-')
        && matches!(lengths.as_slice(), [3 | 5, 4] | [7 | 5])
}

/// Whether a value names a card brand.
pub(super) fn is_brand(value: &str) -> bool {
    const BRANDS: &[&str] = &[
        "visa",
        "master",
        "jcb",
        "amex",
        "american express",
        "diners",
        "discover",
        "unionpay",
        "maestro",
        "銀聯",
    ];
    let value = value.to_lowercase();
    BRANDS.iter().any(|b| value.starts_with(b)) && value.chars().count() <= 24
}

/// Whether a value is an individual number (My Number): twelve digits with the check digit of the
/// ministry's ordinance (no. 85 of 2014, article 5).
pub(super) fn is_individual(value: &str) -> bool {
    let digits: Vec<u32> = value.chars().filter_map(|c| c.to_digit(10)).collect();
    let clean = value.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ' '));
    let Some((check, body)) = digits.split_last().filter(|(_, body)| clean && body.len() == 11)
    else {
        return false;
    };
    let weight = |n: u32| if n <= 6 { n + 1 } else { n - 5 };
    let sum: u32 = body.iter().rev().zip(1..).map(|(d, n)| d * weight(n)).sum();
    *check == if sum % 11 <= 1 { 0 } else { 11 - sum % 11 }
}

/// Whether a value is a Japanese bank account number.
pub(super) fn is_account(value: &str) -> bool {
    value.len() == 7 && value.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_their_keys_say() {
        type Check = fn(&str) -> bool;
        let table: &[(Check, &[&str], &[&str])] = &[
            (
                is_name,
                &["山田 太郎", "ヤマダタロウ", "Taro Yamada", "山田"],
                &["null", "x", "item 1", "a@b.c", "***", ""],
            ),
            (
                is_address,
                &[
                    "東京都千代田区霞が関1-1-1",
                    "1-2-3 Ginza Chuo",
                    "P.O. Box 12, Springfield",
                    "St. James's Square 4, London",
                    "12 Added Lane, Deal",
                ],
                &[
                    "10.0.0.1",
                    "0x1F",
                    "a@b.c",
                    "http://a b1",
                    "Tokyo",
                    "0x7fff3a5b0 fault",
                    "fault at 0x7fff3a5b0 in libc",
                    "7fff3a5b0c00 rip 3 offset",
                    "10.0.0.3 port 8080 ready",
                    "10.0.0.3:8080 ready 2 workers",
                    "[2001:db8::1:2:3]:80 bound 1 socket",
                    "00:1a:2b:3c:4d:5e dev eth0 up",
                    "web1.example.com port 80",
                    "localhost port 3306",
                ],
            ),
            (
                is_expiry,
                &["2003", "0320", "03/20", "03/2020", "202003", "2020-03", "12 / 25"],
                &["1700000000", "3600", "99", "13/20", "never"],
            ),
            (is_code, &["123", "0001"], &["12", "12345", "***", "12a"]),
            (
                is_postal,
                &["100-0001", "1000001", "〒100-0001", "12345"],
                &["123", "12-34567", "abc"],
            ),
            (is_individual, &["123456789018"], &["123456789012", "12345678901", "x"]),
            (is_brand, &["VISA", "JCB", "MasterCard"], &["gold", "supervisa"]),
        ];
        for (check, yes, no) in table {
            assert!(yes.iter().all(|v| check(v)), "{yes:?}");
            for value in *no {
                assert!(!check(value), "{value}");
            }
        }
    }

    #[test]
    fn phones_in_one_form() {
        assert_eq!(phone("+81 90-1234-5678").as_deref(), Some("09012345678"));
        assert_eq!(phone("03(1234)5678").as_deref(), Some("0312345678"));
        assert_eq!(phone("+1 415 555 0132").as_deref(), Some("14155550132"));
        for no in ["0120-123-456", "123", "000000000", "1.2.3.4.5x"] {
            assert_eq!(phone(no), None, "{no}");
        }
    }

    #[test]
    fn dates_in_every_spelling() {
        for text in [
            "2017-03-08",
            "20170308",
            "2017/3/8 05:00",
            "2017年3月8日",
            "平成29年3月8日",
            "H29.3.8",
            "20170308051207",
        ] {
            assert_eq!(date(text), Some(17_233), "{text}");
        }
        assert_eq!(date("2017-03"), Some(17_226));
        assert_eq!(date("1970-01-01"), Some(0));
        for no in ["", "17-3-8", "2017-13-01", "x", "20170399", "abc2017-03-08"] {
            assert_eq!(date(no), None, "{no}");
        }
        assert!(birth("1980-01-02").is_some() && birth("2090-01-01").is_none());
    }
}
