//! Which numbers are issued? Issuer prefix (IIN, ISO/IEC 7812-1) × length, as data.
//!
//! As of 2026-11 the union of what card networks publish and payment libraries accept for numbers
//! under a card's key, and a strict core for numbers that stand alone. It holds ranges of
//! networks, never of single banks: unofficial bank lists are inaccurate.

use serde::{Deserialize, Serialize};

/// Card brand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Brand {
    Visa,
    Mastercard,
    Jcb,
    Amex,
    Diners,
    Discover,
    Unionpay,
    Maestro,
    Mir,
    Rupay,
    Troy,
    Other,
}

impl Brand {
    /// All brands.
    pub const ALL: &'static [Brand] = &[
        Self::Visa,
        Self::Mastercard,
        Self::Jcb,
        Self::Amex,
        Self::Diners,
        Self::Discover,
        Self::Unionpay,
        Self::Maestro,
        Self::Mir,
        Self::Rupay,
        Self::Troy,
        Self::Other,
    ];
}

/// One range: 8-digit prefixes `from..=to`, lengths under a key and lengths alone (bit n: n
/// digits).
struct Range {
    brand: Brand,
    from: u32,
    to: u32,
    lengths: u32,
    alone: u32,
}

const fn range(
    brand: Brand,
    (from, to): (u32, u32),
    digits: u32,
    lengths: u32,
    alone: u32,
) -> Range {
    let scale = 10u32.pow(8 - digits);
    Range { brand, from: from * scale, to: to * scale + scale - 1, lengths, alone }
}

const L12_19: u32 = 0b1111_1111 << 12;
const L13: u32 = 1 << 13;
const L14: u32 = 1 << 14;
const L15: u32 = 1 << 15;
const L16: u32 = 1 << 16;
const L16_19: u32 = 0b1111 << 16;
const L19: u32 = 1 << 19;

/// The first range that holds prefix and length decides, so narrow ones stand first.
const RANGES: &[Range] = &[
    range(Brand::Maestro, (5018, 5018), 4, L12_19, 0),
    range(Brand::Other, (5019, 5019), 4, L16, 0), // Dankort
    range(Brand::Maestro, (5020, 5020), 4, L12_19, 0),
    range(Brand::Maestro, (5038, 5038), 4, L12_19, 0),
    range(Brand::Other, (5061, 5061), 4, L16_19, 0), // Verve
    range(Brand::Rupay, (508, 508), 3, L16, 0),
    range(Brand::Maestro, (5893, 5893), 4, L12_19, 0),
    range(Brand::Other, (589_562, 589_562), 6, L16, 0), // Naranja
    range(Brand::Other, (606_282, 606_282), 6, L16, 0), // Hipercard
    range(Brand::Mastercard, (51, 55), 2, L16, L16),
    range(Brand::Mastercard, (222_100, 272_099), 6, L16, L16),
    range(Brand::Mir, (2200, 2204), 4, L16_19, 0),
    range(Brand::Visa, (4, 4), 1, L13 | L16 | L19, L16),
    range(Brand::Amex, (34, 34), 2, L15, L15),
    range(Brand::Amex, (37, 37), 2, L15, L15),
    range(Brand::Jcb, (3528, 3589), 4, L16_19, L16),
    range(Brand::Diners, (300, 305), 3, L14 | L16_19, 0),
    range(Brand::Diners, (3095, 3095), 4, L14 | L16_19, 0),
    range(Brand::Diners, (36, 36), 2, L14 | L16_19, 0),
    range(Brand::Diners, (38, 39), 2, L14 | L16_19, 0),
    range(Brand::Jcb, (3088, 3094), 4, L16, 0),
    range(Brand::Jcb, (3096, 3102), 4, L16, 0),
    range(Brand::Jcb, (3112, 3120), 4, L16, 0),
    range(Brand::Jcb, (3158, 3159), 4, L16, 0),
    range(Brand::Jcb, (3337, 3349), 4, L16, 0),
    range(Brand::Discover, (6011, 6011), 4, L16_19, L16),
    range(Brand::Discover, (644, 649), 3, L16_19, L16),
    range(Brand::Discover, (65, 65), 2, L16_19, L16),
    range(Brand::Unionpay, (62, 62), 2, L16_19, L16),
    range(Brand::Unionpay, (810, 817), 3, L16_19, 0),
    range(Brand::Maestro, (6304, 6304), 4, L12_19, 0),
    range(Brand::Maestro, (6759, 6763), 4, L12_19, 0),
    range(Brand::Maestro, (50, 50), 2, L12_19, 0),
    range(Brand::Maestro, (56, 58), 2, L12_19, 0),
    range(Brand::Maestro, (63, 63), 2, L12_19, 0),
    range(Brand::Maestro, (67, 67), 2, L12_19, 0),
    range(Brand::Rupay, (60, 60), 2, L16, 0),
    range(Brand::Rupay, (81, 82), 2, L16, 0),
    range(Brand::Troy, (9792, 9792), 4, L16, 0),
    range(Brand::Other, (1, 1), 1, L15, 0), // UATP
];

/// What the table says of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Issue {
    pub brand: Brand,
    /// Whether prefix and length suffice without a key, a track or an expiry beside it.
    pub alone: bool,
}

/// Looks up a number of ASCII digits.
pub(crate) fn issue(digits: &[u8]) -> Option<Issue> {
    let length = 1u32.checked_shl(u32::try_from(digits.len()).ok()?)?;
    let prefix = digits.get(..8)?.iter().fold(0, |n, d| n * 10 + u32::from(d & 15));
    let near = STARTS.get((prefix / 1_000_000) as usize)?;
    let fits = |r: &&Range| (r.from..=r.to).contains(&prefix) && r.lengths & length != 0;
    if *near == 0 {
        return None;
    }
    let range = RANGES.iter().skip(near.trailing_zeros() as usize).find(fits)?;
    Some(Issue { brand: range.brand, alone: range.alone & length != 0 })
}

/// For each two first digits, which ranges (by bit) hold such numbers.
static STARTS: [u64; 100] = {
    let mut starts = [0; 100];
    let mut i = 0;
    while i < RANGES.len() {
        let mut two = RANGES[i].from / 1_000_000;
        while two <= RANGES[i].to / 1_000_000 {
            starts[two as usize] |= 1 << i;
            two += 1;
        }
        i += 1;
    }
    starts
};

/// The check digit test of ISO/IEC 7812-1, annex B (Luhn).
pub(crate) fn luhn(digits: &[u8]) -> bool {
    const DOUBLED: [u8; 16] = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9, 0, 0, 0, 0, 0, 0];
    let odd: u32 = digits.iter().rev().step_by(2).map(|d| u32::from(d & 15)).sum();
    let even: u32 = digits
        .iter()
        .rev()
        .skip(1)
        .step_by(2)
        .map(|d| u32::from(DOUBLED[usize::from(d & 15)]))
        .sum();
    (odd + even).is_multiple_of(10)
}

/// Numbers that gateways and networks publish for tests.
const PUBLISHED: &[&str] = &[
    "4111111111111111",
    "4012888888881881",
    "4222222222222",
    "4242424242424242",
    "4000056655665556",
    "4000000000000002",
    "4000000000000069",
    "4000000000000077",
    "4000000000000101",
    "4000000000000119",
    "4000000000000127",
    "4000000000000341",
    "4000000000003220",
    "4000000000003063",
    "4000000000009995",
    "4000000000009987",
    "4000000000009979",
    "4000002500003155",
    "4000002760003184",
    "4000003920000003",
    "4000000000005126",
    "4000008400001629",
    "4000008260000000",
    "4007000000027",
    "4012000033330026",
    "4012000077777777",
    "4005519200000004",
    "4009348888881881",
    "4012000033330125",
    "4500600000000061",
    "4917610000000000",
    "4917484589897107",
    "4988438843884305",
    "4444333322221111",
    "4166676667666746",
    "4646464646464644",
    "4000620000000007",
    "4000160000000004",
    "4035501000000008",
    "4360000001000005",
    "4871049999999910",
    "4199350000000002",
    "4917300800000000",
    "4484070000000000",
    "4508750015741019",
    "4929000000006",
    "4929000005559",
    "4462000000000003",
    "4917300000000008",
    "4761739001010119",
    "4761739001010010",
    "4263982640269299",
    "4263970000005262",
    "4988080000000000",
    "4005550000000019",
    "4003440000000007",
    "4716914706534228",
    "4539791001730106",
    "4123111111111117",
    "5555555555554444",
    "5105105105105100",
    "5200828282828210",
    "5424000000000015",
    "5454545454545454",
    "5500000000000004",
    "5500005555555559",
    "5100081112223332",
    "5103221911199245",
    "5100290029002909",
    "5577000055770004",
    "5136333333333335",
    "5585558555855583",
    "5555444433331111",
    "5555341244441115",
    "5404000000000001",
    "5404000000000043",
    "5404000000000068",
    "5404000000000084",
    "5399999999999999",
    "5425233430109903",
    "5425230000004415",
    "5111111111111118",
    "5123450000000008",
    "5123456789012346",
    "5019717010103742",
    "5555558265554449",
    "5413330089010012",
    "5413330000000019",
    "5199999999999991",
    "2223003122003222",
    "2222405343248877",
    "2222990905257051",
    "2223007648726984",
    "2223577120017656",
    "2222400010000008",
    "2222400030000004",
    "2222400050000009",
    "2222400060000007",
    "2222400070000005",
    "2222410740360010",
    "2222420000001113",
    "2223000048400011",
    "2223000010309703",
    "2223520043560014",
    "2720990000000007",
    "2720992593319364",
    "2221000000000009",
    "2223000000000007",
    "378282246310005",
    "371449635398431",
    "378734493671000",
    "370000000000002",
    "343434343434343",
    "341111111111111",
    "373953192351004",
    "374101000000608",
    "374251018720018",
    "371144371144376",
    "374200000000004",
    "370000000100018",
    "345678901234564",
    "3530111333300000",
    "3566002020360505",
    "3569990010095841",
    "3566000020000410",
    "3528000000000007",
    "3528000700000000",
    "3541599998103643",
    "3541599999103865",
    "3569990000000009",
    "3540599999991047",
    "30569309025904",
    "38520000023237",
    "36006666333344",
    "36070500001020",
    "36700102000000",
    "36148900647913",
    "36227206271667",
    "3056930009020004",
    "36000000000008",
    "30000000000004",
    "6011111111111117",
    "6011000990139424",
    "6011000000000004",
    "6011000000000012",
    "6011601160116611",
    "6011981111111113",
    "6011000400000000",
    "6011016011016011",
    "6500000000000002",
    "6510000000000000",
    "6445644564456445",
    "6556400000000007",
    "6011361000006668",
    "6200000000000005",
    "6200000000000047",
    "6205500000000000004",
    "6243030000000001",
    "6250941006528599",
    "6212345678901265",
    "6212345678901232",
    "6212345678900000003",
    "6250946000000016",
    "6250947000000014",
    "6304000000000000",
    "6759649826438453",
    "6703444444444449",
    "6771798021000008",
    "6799990100000000019",
    "6331101999990016",
    "6062826786276634",
    "5067310000000010",
    "2200000000000004",
    "9792030394440796",
    "122000000000003",
];

/// Whether a number is published for tests. Patterned numbers that stand alone are taken for
/// tests too (about 2 in 10,000 random numbers look like that); under a card's key only the
/// published ones and those of two different digits.
pub(crate) fn is_test(digits: &[u8], keyed: bool) -> bool {
    is_published(digits) || different(digits) <= 2 || !keyed && patterned(digits)
}

/// Whether a number is among those that gateways and networks publish for tests.
pub(crate) fn is_published(digits: &[u8]) -> bool {
    PUBLISHED.iter().any(|p| p.as_bytes() == digits)
}

fn different(digits: &[u8]) -> u32 {
    digits.iter().fold(0u16, |seen, d| seen | 1 << (d & 15)).count_ones()
}

fn patterned(digits: &[u8]) -> bool {
    let repeats = digits.chunk_by(|a, b| a == b).any(|run| run.len() >= 6);
    let zeros = digits.get(6..11).is_some_and(|five| five == b"00000");
    let mut fours: Vec<&[u8]> = digits.chunks_exact(4).collect();
    fours.sort_unstable();
    let equal = fours.windows(3).any(|w| w.first() == w.last());
    different(digits) <= 4 || repeats || zeros || equal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brands_by_prefix_and_length() {
        let table = [
            ("4556325561234560", Some((Brand::Visa, true))),
            ("4556325561230", Some((Brand::Visa, false))),
            ("5425231234567899", Some((Brand::Mastercard, true))),
            ("2221001234567890", Some((Brand::Mastercard, true))),
            ("2721001234567890", None),
            ("371449635398431", Some((Brand::Amex, true))),
            ("3528001234567890", Some((Brand::Jcb, true))),
            ("3590001234567890", None),
            ("30569309025904", Some((Brand::Diners, false))),
            ("6221261234567890", Some((Brand::Unionpay, true))),
            ("6221261234567890123", Some((Brand::Unionpay, false))),
            ("675964982643", Some((Brand::Maestro, false))),
            ("7000000000000000", None),
            ("1", None),
        ];
        for (digits, want) in table {
            let got = issue(digits.as_bytes()).map(|i| (i.brand, i.alone));
            assert_eq!(got, want, "{digits}");
        }
    }

    #[test]
    fn every_published_number_is_issued_and_valid() {
        for number in PUBLISHED {
            assert!(luhn(number.as_bytes()), "{number}");
            assert!(issue(number.as_bytes()).is_some(), "{number}");
        }
    }

    #[test]
    fn luhn_finds_any_wrong_digit() {
        let good = *b"4556737586899855";
        assert!(luhn(&good));
        for at in 0..good.len() {
            let mut bad = good;
            bad[at] = b'0' + (bad[at] - b'0' + 1) % 10;
            assert!(!luhn(&bad));
        }
    }
}
