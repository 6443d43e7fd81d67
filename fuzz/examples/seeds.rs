//! Writes what the targets start from: `cargo run --example seeds -- FOLDER`.

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "seeds".into());
    for (target, _) in leaksweep_fuzz::TARGETS {
        let folder = std::path::Path::new(&folder).join(target);
        std::fs::create_dir_all(&folder)?;
        for (n, seed) in leaksweep_fuzz::seeds::of(target).iter().enumerate() {
            std::fs::write(folder.join(n.to_string()), seed)?;
        }
    }
    Ok(())
}
