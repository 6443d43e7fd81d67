//! The JSON Schemas (draft 2020-12) of what is written for other programs.

/// Of the report (`-f json`).
pub const REPORT: &str = include_str!("schema/report.json");
/// Of a line of `-f ndjson`.
pub const HIT: &str = include_str!("schema/hit.json");
/// Of a part file (`-f part`).
pub const PART: &str = include_str!("schema/part.json");
/// Of a comparison (`compare -f json`).
pub const COMPARISON: &str = include_str!("schema/comparison.json");
