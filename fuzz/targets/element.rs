#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| leaksweep_fuzz::element::check(data));
