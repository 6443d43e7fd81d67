//! What does an entry say that stands inside another? A container's or collector's entry carries
//! the entry of the program behind it; both make one event.

use std::borrow::Cow;

use super::{Event, Field, Parsed, Parser};

/// Parses `text` with the inner format's parser and adds what it says to `event`: of two values
/// for a field, or two times, the inner one stands. A text that does not fit is the message.
pub(super) fn parse<'a>(parser: &mut dyn Parser, text: Cow<'a, [u8]>, event: &mut Event<'a>) {
    match text {
        Cow::Borrowed(text) => {
            let mut inside = Event::default();
            inside.reset(text);
            match parser.parse(text, &mut inside) {
                Parsed::Event => absorb(event, inside, |value| value),
                _ => event.set(Field::Message, text),
            }
        }
        Cow::Owned(text) => {
            let mut inside = Event::default();
            inside.reset(&text);
            if parser.parse(&text, &mut inside) == Parsed::Event {
                absorb(event, inside, |value| Cow::Owned(value.into_owned()));
            } else {
                drop(inside);
                event.set(Field::Message, text);
            }
        }
    }
}

fn absorb<'a, 'b>(
    event: &mut Event<'a>,
    mut inside: Event<'b>,
    keep: impl Fn(Cow<'b, [u8]>) -> Cow<'a, [u8]>,
) {
    event.time = inside.time.or(event.time);
    for field in Field::ALL.iter().copied() {
        if let Some(value) = inside.take(field) {
            event.set(field, keep(value));
        }
    }
    for (name, value) in inside.named.drain(..) {
        event.push(keep(name), keep(value));
    }
}
