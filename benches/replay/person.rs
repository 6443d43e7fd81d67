//! Made-up people and cards: Luhn-valid numbers drawn by a counter, no published test number and
//! nobody's; names, addresses and phones from lists and reserved ranges.

use crate::chance::Chance;

/// What the data store knows of one person. Everything follows from the number.
pub struct Person {
    number: u64,
    chance: Chance,
}

impl Person {
    pub fn new(salt: u64, number: u64) -> Self {
        Self { number, chance: Chance::new(salt ^ number.wrapping_mul(0x2545_f491_4f6c_dd1d)) }
    }

    /// A card number that no other person of the same salt has, and that does not look like a
    /// published test number.
    pub fn card(&self) -> String {
        // Numbers are below two million, so that a number set aside never meets another.
        let numbers = (0..40).map(|round| self.number + 2_000_003 * round);
        let mut cards = numbers.map(drawn_card).filter(|card| !looks_published(card.as_bytes()));
        cards.next().unwrap_or_default()
    }

    /// Year and month, as `YYMM`.
    pub fn expiry(&self) -> String {
        format!("{:02}{:02}", 17 + self.number % 5, 1 + self.number / 5 % 12)
    }

    pub fn code(&mut self) -> String {
        format!("{:03}", self.chance.below(1_000))
    }

    pub fn mail(&self) -> String {
        let name = ["taro", "hanako", "ken", "yuki", "sato", "aoi", "ren", "mei"];
        let host = ["mail.sakura-net.jp", "post.kaede.co.jp", "aozora.ne.jp", "hoshimail.com"];
        let n = self.number;
        format!("{}.{:06}@{}", name[n as usize % 8], n, host[(n / 8) as usize % 4])
    }

    pub fn name(&mut self) -> String {
        let family = ["山田", "佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "中村"];
        let given = ["太郎", "花子", "健", "由紀", "葵", "蓮", "芽依", "誠"];
        format!(
            "{} {}",
            family[self.chance.below(8) as usize],
            given[self.chance.below(8) as usize]
        )
    }

    pub fn address(&mut self) -> String {
        let town = ["東京都新宿区西町", "大阪府大阪市北区南町", "神奈川県横浜市中区東町"];
        let (a, b, c) = (self.chance.below(9), self.chance.below(29), self.chance.below(29));
        format!("{}{}-{}-{}", town[self.chance.below(3) as usize], a + 1, b + 1, c + 1)
    }

    pub fn zip(&mut self) -> String {
        format!("1{:02}-{:04}", self.chance.below(80), self.chance.below(10_000))
    }

    pub fn phone(&mut self) -> String {
        format!("090-{:04}-{:04}", 1_000 + self.chance.below(9_000), self.chance.below(10_000))
    }

    pub fn birthday(&mut self) -> String {
        let (y, m, d) = (self.chance.below(50), self.chance.below(12), self.chance.below(28));
        format!("{}-{:02}-{:02}", 1_945 + y, m + 1, d + 1)
    }

    /// A date of the years in which the store was filled.
    pub fn date(&mut self) -> String {
        let (y, m, d) = (self.chance.below(2), self.chance.below(12), self.chance.below(28));
        format!("{}-{:02}-{:02}", 2_015 + y, m + 1, d + 1)
    }
}

/// The card of one number below 10^8; no two are equal.
fn drawn_card(number: u64) -> String {
    let prefix = match number % 10 {
        0..=4 => "49807",
        5..=7 => "52384",
        8 => "35406",
        _ => "37628",
    };
    let digits = if prefix == "37628" { 9 } else { 10 };
    // A bijection on 0..10^8 spreads neighbouring numbers, so that cards are no sequence.
    let spread = number.wrapping_mul(48_271_633).wrapping_add(7_919) % 100_000_000;
    let lead = if digits == 9 { String::new() } else { (1 + number % 9).to_string() };
    let body = format!("{prefix}{lead}{spread:08}{}", number % 7);
    format!("{body}{}", luhn_digit(body.as_bytes()))
}

/// Long runs of one digit, or few different digits: what published test numbers look like.
fn looks_published(card: &[u8]) -> bool {
    let mut seen = [false; 10];
    for d in card {
        seen[usize::from(d - b'0')] = true;
    }
    let few = seen.iter().filter(|s| **s).count() <= 5;
    few || card.windows(4).any(|w| w.iter().all(|d| *d == w[0]))
}

/// The digit that makes a number pass ISO/IEC 7812-1, annex B.
fn luhn_digit(body: &[u8]) -> u8 {
    let mut sum = 0;
    for (i, byte) in body.iter().rev().enumerate() {
        let digit = byte - b'0';
        let doubled = if i % 2 == 0 { digit * 2 } else { digit };
        sum += u32::from(doubled / 10 + doubled % 10);
    }
    ((10 - sum % 10) % 10) as u8
}
