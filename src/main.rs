//! leaksweep: arguments → sweep → write → exit code.

fn main() {}
