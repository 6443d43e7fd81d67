//! Is there a Japanese address in free text? A prefecture, a municipality close behind it, and
//! the number of a block; and postal codes behind `〒` or before a prefecture.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::Element;
use super::found::{Found, Weight};
use crate::pan::number::run_end;
use crate::pan::plain::byte;

/// The prefectures (ISO 3166-2:JP).
const PREFECTURES: &[&str] = &[
    "北海道",
    "青森県",
    "岩手県",
    "宮城県",
    "秋田県",
    "山形県",
    "福島県",
    "茨城県",
    "栃木県",
    "群馬県",
    "埼玉県",
    "千葉県",
    "東京都",
    "神奈川県",
    "新潟県",
    "富山県",
    "石川県",
    "福井県",
    "山梨県",
    "長野県",
    "岐阜県",
    "静岡県",
    "愛知県",
    "三重県",
    "滋賀県",
    "京都府",
    "大阪府",
    "兵庫県",
    "奈良県",
    "和歌山県",
    "鳥取県",
    "島根県",
    "岡山県",
    "広島県",
    "山口県",
    "徳島県",
    "香川県",
    "愛媛県",
    "高知県",
    "福岡県",
    "佐賀県",
    "長崎県",
    "熊本県",
    "大分県",
    "宮崎県",
    "鹿児島県",
    "沖縄県",
];

static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(PREFECTURES).ok());

/// How many characters may lie between the prefecture and the municipality's suffix, and between
/// that and the number.
const REACH: usize = 30;

/// Finds addresses and postal codes of free text.
pub(super) fn find(text: &[u8], found: &mut Vec<Found>) {
    if text.is_ascii() {
        return;
    }
    let Some(finder) = FINDER.as_ref() else { return };
    for prefecture in finder.find_iter(text) {
        found.extend(address(text, prefecture.start(), prefecture.end()));
        found.extend(code_before(text, prefecture.start()));
    }
    for mark in memchr::memmem::find_iter(text, "〒") {
        let start = mark + "〒".len();
        let start = start + usize::from(byte(text, start) == b' ');
        found.extend(code_at(text, start));
    }
}

/// The address that begins with the prefecture at `start..end`.
fn address(text: &[u8], start: usize, end: usize) -> Option<Found> {
    let window = text.get(end..text.len().min(end + 8 * REACH))?;
    let window = window.utf8_chunks().next()?.valid();
    let near: String = window.chars().take(REACH).collect();
    let town = near.find(['市', '区', '町', '村', '郡'])?;
    let rest: String = window.get(town..)?.chars().take(REACH).collect();
    let len = number_end(&rest)?;
    let span = start..end + town + len;
    let value = text.get(span.clone())?.to_vec();
    Some(Found { value: value.into(), ..Found::new(Element::Address, span, Weight::Strong) })
}

/// The end of the block's number: `1-2-3`, `1丁目2番地3`, `12番`.
fn number_end(text: &str) -> Option<usize> {
    let first = text.find(|c: char| c.is_ascii_digit())?;
    let line = text.find(['\n', ',', '"', '\t', ' ']).unwrap_or(text.len());
    let part =
        |c: char| c.is_ascii_digit() || matches!(c, '-' | '丁' | '目' | '番' | '地' | '号' | 'の');
    let rest = text.get(first..).filter(|_| first < line || text.get(line..=line) == Some(" "))?;
    let len = rest.find(|c| !part(c)).unwrap_or(rest.len());
    let number = rest.get(..len)?;
    let parts = || number.split('-').map(str::len);
    let date = parts().next() == Some(4);
    let block = number.contains(['丁', '番', '号'])
        || (2..=4).contains(&parts().count()) && parts().all(|n| (1..=4).contains(&n)) && !date;
    block.then_some(first + len)
}

/// `100-0001` or `1000001` right before a prefecture.
fn code_before(text: &[u8], end: usize) -> Option<Found> {
    let end = end - usize::from(end > 0 && byte(text, end - 1) == b' ');
    [8, 7]
        .into_iter()
        .find_map(|len| code_at(text, end.checked_sub(len)?).filter(|f| f.span.end == end))
}

/// A postal code that begins at `start`.
fn code_at(text: &[u8], start: usize) -> Option<Found> {
    let first = run_end(text, start);
    let before = start.checked_sub(1).map_or(0, |i| byte(text, i));
    let end = match (first - start, byte(text, first)) {
        (7, _) => first,
        (3, b'-') => run_end(text, first + 1),
        _ => return None,
    };
    let whole =
        (7..=8).contains(&(end - start)) && !before.is_ascii_alphanumeric() && before != b'-';
    let value = text.get(start..end)?.to_vec();
    let find = Found::new(Element::PostalCode, start..end, Weight::Weak);
    (whole && byte(text, end) != b'-').then_some(Found { value: value.into(), ..find })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(Element, String)> {
        let mut found = Vec::new();
        find(text.as_bytes(), &mut found);
        found.into_iter().map(|f| (f.element, text[f.span].to_owned())).collect()
    }

    #[test]
    fn addresses_in_free_text() {
        let table: &[(&str, &[(Element, &str)])] = &[
            (
                "配送先は東京都千代田区霞が関1-2-3です",
                &[(Element::Address, "東京都千代田区霞が関1-2-3")],
            ),
            (
                "大阪府大阪市北区梅田3丁目1番3号 宛",
                &[(Element::Address, "大阪府大阪市北区梅田3丁目1番3号")],
            ),
            (
                "〒100-0013 東京都千代田区霞が関 1-2-3",
                &[
                    (Element::Address, "東京都千代田区霞が関 1-2-3"),
                    (Element::PostalCode, "100-0013"),
                    (Element::PostalCode, "100-0013"),
                ],
            ),
            ("東京都の天気は晴れ 最高12度", &[]),
            ("北海道 送料 1,200円 千葉県 800円", &[]),
            ("東京都千代田区の店舗 2017-03-08 営業", &[]),
            ("神奈川県横浜市 12件", &[]),
        ];
        for (text, want) in table {
            let want: Vec<_> = want.iter().map(|(e, t)| (*e, (*t).to_owned())).collect();
            assert_eq!(told(text), want, "{text}");
        }
    }
}
