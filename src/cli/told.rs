//! What does the user say of the logs? The text of a `LogFormat`, a mapping of names; both may
//! stand in files, read as the command line is.

use std::fs;

use leaksweep::event::{self, Mapping};

/// An Apache `LogFormat` or nginx `log_format`, and how it was given.
#[derive(Clone, Debug)]
pub(crate) struct LogFormat {
    /// As typed.
    pub(super) typed: String,
    /// The format's text, or the server configuration in which it stands.
    pub(super) text: String,
}

/// Names of a log, and the file that explains them.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// As typed.
    pub(super) typed: String,
    /// What they mean.
    pub(super) mapping: Mapping,
}

/// The format, or with `@` the file that it stands in.
pub(super) fn log_format(typed: &str) -> Result<LogFormat, String> {
    let text = match typed.strip_prefix('@') {
        Some(file) => read(file)?,
        None => typed.to_owned(),
    };
    if !event::is_log_format(&text) {
        return Err("it holds no LogFormat or log_format by which lines can be taken apart".into());
    }
    Ok(LogFormat { typed: typed.to_owned(), text })
}

/// The mapping in a TOML file: `field = "name in the log"`, one a line.
pub(super) fn mapping(file: &str) -> Result<Names, String> {
    let pairs: Vec<(String, String)> = pairs(&read(file)?)?;
    let mut mapping = Mapping::default();
    for (field, name) in &pairs {
        mapping.add(field, name).map_err(|error| error.to_string())?;
    }
    Ok(Names { typed: file.to_owned(), mapping })
}

/// The entries of a flat TOML table, in their order.
fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let table: toml::Table = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
        format!("line {line}: {}", error.message())
    })?;
    let name = |(field, value): (String, toml::Value)| match value {
        toml::Value::String(name) => Ok((field, name)),
        _ => Err(format!("{field}: write the name in the log as a string: {field} = \"name\"")),
    };
    table.into_iter().map(name).collect()
}

fn read(file: &str) -> Result<String, String> {
    let bytes = fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, text).unwrap();
        (folder, path.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_format_stands_on_the_command_line_or_in_a_configuration() {
        assert_eq!(log_format("%h %t \"%r\" %>s").unwrap().text, "%h %t \"%r\" %>s");
        let (_folder, path) =
            file("http {\n  log_format x '$remote_addr \"$request\" $status';\n}");
        assert!(log_format(&format!("@{path}")).unwrap().text.contains("log_format x"));
        assert!(log_format("@/no/such/file").unwrap_err().contains("/no/such/file"));
        assert!(log_format("nothing of it").unwrap_err().contains("no LogFormat"));
    }

    #[test]
    fn a_mapping_is_a_flat_table_of_known_fields() {
        let (_folder, path) = file("# ours\ntime = \"t\"\nclient_ip = \"who.addr\"\n");
        assert!(mapping(&path).is_ok());
        for (text, why) in [
            ("tiem = \"t\"", "no field \"tiem\""),
            ("time = 1", "as a string"),
            ("\ntime = ", "line 2"),
        ] {
            let (_folder, path) = file(text);
            let error = mapping(&path).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
