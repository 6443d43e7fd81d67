//! The JSON Schemas (2020-12) of what is written.

/// Of the report.
pub const REPORT: &str = include_str!("schema/report.json");
/// Of a line of the ndjson format.
pub const HIT: &str = include_str!("schema/hit.json");
/// Of a part file.
pub const PART: &str = include_str!("schema/part.json");
