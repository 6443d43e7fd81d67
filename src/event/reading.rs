//! As which other requests might a server read this one?

use super::decode::{self, Layer};
use super::{Event, Field, base64, served};

/// The requests that a server may have read where the log has another spelling: with the path that
/// it serves, and with the texts that parameters hold in Base64. Only of those that differ.
pub fn readings(event: &Event<'_>) -> Vec<(Layer, Event<'static>)> {
    let Some(stem) = event.get(Field::Stem) else { return Vec::new() };
    let query = event.get(Field::Query);
    let path = served::served(stem).map(|path| target(&path, query.map(decode::twice).as_deref()));
    let texts = query.and_then(base64::unwrapped).map(|query| target(stem, Some(&query)));
    let read = |(layer, target): (Layer, Option<Vec<u8>>)| {
        let target = target?;
        let mut read = Event::default();
        super::request::set_target(&mut read, target.into());
        Some((layer, read))
    };
    [(Layer::Normalised, path), (Layer::Base64, texts)].into_iter().filter_map(read).collect()
}

fn target(stem: &[u8], query: Option<&[u8]>) -> Vec<u8> {
    match query {
        Some(query) => [stem, query].join(&b'?'),
        None => stem.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_its_server_might() {
        for (target, expected) in [
            ("/a/b?x=1", vec![]),
            ("/a//b?x=%27", vec![(Layer::Normalised, "/a/b?x='")]),
            ("/a?x=MScgb3IgMT0xLS0gLQ", vec![(Layer::Base64, "/a?x=1' or 1=1-- -")]),
            (
                "/a/../b?x=MScgb3IgMT0xLS0gLQ",
                vec![
                    (Layer::Normalised, "/b?x=MScgb3IgMT0xLS0gLQ"),
                    (Layer::Base64, "/a/../b?x=1' or 1=1-- -"),
                ],
            ),
        ] {
            let mut event = Event::default();
            event.set_target(target.as_bytes());
            let read = readings(&event);
            let read: Vec<_> = read.iter().map(|(l, e)| (*l, e.get(Field::Target))).collect();
            let wanted = expected.into_iter().map(|(l, t)| (l, Some(t.as_bytes())));
            assert_eq!(read, wanted.collect::<Vec<_>>(), "{target}");
        }
    }
}
