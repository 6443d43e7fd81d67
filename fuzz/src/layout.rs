//! Log formats that a configuration tells: any text is a format or none, and lines are read by it.

use leaksweep::event::{Event, Options, is_log_format, recognise};
use leaksweep::time::Zone;

/// The first line is the format, the others are the log.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (layout, log) = text.split_once('\n').unwrap_or((&text, ""));
    let _ = layout.parse::<Zone>();
    let options = Options { log_format: Some(layout.to_owned()), ..Options::default() };
    let format = recognise(log.as_bytes(), &options).format;
    if !is_log_format(layout) {
        let plain = recognise(log.as_bytes(), &Options::default()).format;
        assert_eq!(format.name(), plain.name(), "what is no format changes nothing");
    }
    let mut parser = format.parser();
    for line in log.lines() {
        let mut event = Event::default();
        event.reset(line.as_bytes());
        parser.parse(line.as_bytes(), &mut event);
    }
}
