//! Words of the forms in both languages.

use super::super::facts;
use super::Language;
use crate::case::{Case, Count, Period, Verdict};
use crate::element::Element;
use crate::time::Time;

/// Japanese names of the elements, by their name in the report.
const ELEMENTS: [(&str, &str); 13] = [
    ("card_number", "カード番号"),
    ("expiry", "有効期限"),
    ("security_code", "セキュリティコード"),
    ("track", "磁気ストライプ情報"),
    ("email", "メールアドレス"),
    ("name", "氏名"),
    ("address", "住所"),
    ("phone", "電話番号"),
    ("birth_date", "生年月日"),
    ("postal_code", "郵便番号"),
    ("card_brand", "カードブランド"),
    ("application_date", "申込日"),
    ("joining_date", "加入年月"),
];

/// An element's name.
pub(super) fn element(element: Element, language: Language) -> String {
    let name = element.name();
    let japanese = ELEMENTS.iter().find(|(known, _)| *known == name).map_or(name, |(_, ja)| ja);
    language.of(name.replace('_', " "), japanese.to_owned())
}

/// The elements of a class.
pub(super) fn class(elements: &[Element], language: Language) -> String {
    let names: Vec<String> = elements.iter().map(|e| element(*e, language)).collect();
    names.join(language.of(" + ", "・"))
}

/// All elements of a count, each once.
pub(super) fn elements(count: &Count) -> Vec<Element> {
    let mut all: Vec<Element> = count.classes.iter().flat_map(|c| c.elements.clone()).collect();
    all.sort();
    all.dedup();
    all
}

/// A verdict in words.
pub(super) fn verdict(verdict: Verdict, language: Language) -> &'static str {
    let japanese = match verdict {
        Verdict::ConfirmedExfiltration => "漏えい確認",
        Verdict::ConfirmedAccess => "不正アクセス確認",
        Verdict::Suspected => "疑いあり",
        Verdict::Attempted => "攻撃のみ（すべて失敗）",
        Verdict::NotConfirmed => "確認されず",
        Verdict::Inconclusive => "判断できない（ログ不足）",
        Verdict::NotExamined => "未調査（ログなし）",
    };
    language.of(verdict.name(), japanese)
}

/// Whether unauthorised access is confirmed.
pub(super) fn is_confirmed(case: &Case) -> bool {
    case.verdict <= Verdict::ConfirmedAccess
}

/// A time with its offset, or a dash.
pub(super) fn time(time: Option<Time>) -> String {
    time.map_or_else(|| "-".to_owned(), |t| format!("{} {}", facts::clock(t), facts::offset(t)))
}

/// Start and end of a period, or a dash.
pub(super) fn period(period: Option<&Period>) -> String {
    period.map_or_else(
        || "-".to_owned(),
        |p| format!("{} – {} {}", facts::clock(p.start), facts::clock(p.end), facts::offset(p.end)),
    )
}

/// Yes or no.
pub(super) fn yes(is: bool, language: Language) -> &'static str {
    if is { language.of("yes", "はい") } else { language.of("no", "いいえ") }
}
