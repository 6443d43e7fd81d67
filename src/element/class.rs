//! Which kinds of data are there, and how sure is a card number?

use serde::{Deserialize, Serialize};

macro_rules! elements {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A kind of card or personal data (contract names).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[repr(u8)]
        pub enum Element { $($(#[$doc])* $name,)* }

        impl Element {
            /// All elements, in the order in which classes list them.
            pub const ALL: &'static [Element] = &[$(Element::$name,)*];

            /// The name in outputs.
            pub fn name(self) -> &'static str {
                match self { $(Element::$name => $text,)* }
            }
        }
    };
}

elements! {
    /// Primary account number (PAN).
    CardNumber = "card_number",
    /// Expiry date of the card.
    Expiry = "expiry",
    /// Card verification code (CVV2, CVC2, CID): sensitive authentication data.
    SecurityCode = "security_code",
    /// Track 1 or 2 data: sensitive authentication data.
    Track = "track",
    /// E-mail address.
    Email = "email",
    /// Name of a person.
    Name = "name",
    /// Postal address.
    Address = "address",
    /// Telephone number.
    Phone = "phone",
    /// Date of birth.
    BirthDate = "birth_date",
    /// Postal code.
    PostalCode = "postal_code",
    /// Card brand as a field of its own.
    CardBrand = "card_brand",
    /// Date of application.
    ApplicationDate = "application_date",
    /// Date or month of joining.
    JoiningDate = "joining_date",
    /// National individual number (My Number).
    IndividualNumber = "individual_number",
    /// Bank account number.
    BankAccount = "bank_account",
    /// PIN block (ISO 9564): sensitive authentication data.
    PinBlock = "pin_block",
}

/// A set of elements: a record's class.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Elements(pub u32);

impl Elements {
    /// With one more element.
    #[must_use]
    pub fn with(self, element: Element) -> Self {
        Self(self.0 | 1 << element as u8)
    }

    /// Without an element.
    #[must_use]
    pub fn without(self, element: Element) -> Self {
        Self(self.0 & !(1 << element as u8))
    }

    /// Whether the element is in the set.
    pub fn has(self, element: Element) -> bool {
        self.0 >> element as u8 & 1 == 1
    }

    /// The elements in order.
    pub fn iter(self) -> impl Iterator<Item = Element> {
        Element::ALL.iter().copied().filter(move |e| self.has(*e))
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// How sure it is that a number is a card number, from the surest down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// From track data or an EMV tag.
    Track,
    /// Under a card number's key.
    Keyed,
    /// Beside an expiry, a code or a holder.
    Corroborated,
    /// In a column that holds card numbers.
    Column,
    /// Alone, in a column too small to tell: for review.
    Review,
    /// In a column of other numbers: as many as chance would give.
    Chance,
    /// A published test number.
    Test,
    /// Masked as PCI DSS allows.
    MaskedWell,
    /// Masked, but more digits stand than PCI DSS allows.
    MaskedWeakly,
    /// Under a card number's key, right issuer and length, wrong check digit.
    LuhnFailure,
}

impl Grade {
    /// All grades, from the surest down.
    pub const ALL: &'static [Grade] = &[
        Self::Track,
        Self::Keyed,
        Self::Corroborated,
        Self::Column,
        Self::Review,
        Self::Chance,
        Self::Test,
        Self::MaskedWell,
        Self::MaskedWeakly,
        Self::LuhnFailure,
    ];

    /// Whether it counts in the headline as a card number.
    pub fn counts(self) -> bool {
        self <= Self::Column
    }
}
