//! JSON that is right but for what the fuzzer changes: bytes that hit no key and no bracket reach
//! behind the reader.

use serde_json::{Number, Value};

/// What may take the place of a value.
fn replacement(kind: u8, text: &[u8]) -> Value {
    let mut number = [0; 8];
    number.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
    match kind % 8 {
        0 => Value::Null,
        1 => Number::from_f64(f64::from_le_bytes(number)).map_or(Value::Null, Value::Number),
        2 => i64::from_le_bytes(number).into(),
        3 => u64::from_le_bytes(number).into(),
        4 => Value::Array(Vec::new()),
        5 => u64::MAX.into(),
        _ => String::from_utf8_lossy(text).into(),
    }
}

/// A text of JSON: the input itself if it looks like it; else the base, of which the input replaces
/// values. An edit is two bytes that choose a value, one of kind, one of length, and the text.
pub fn edited(base: &Value, data: &[u8]) -> Vec<u8> {
    if data.first() == Some(&b'{') {
        return data.to_vec();
    }
    let mut value = base.clone();
    let mut rest = data;
    while let [low, high, kind, len, tail @ ..] = rest {
        let (text, after) = tail.split_at(tail.len().min(usize::from(*len % 64)));
        let leaves = leaves(&mut value);
        let chosen = usize::from(u16::from_le_bytes([*low, *high]));
        let many = leaves.len().max(1);
        if let Some(leaf) = leaves.into_iter().nth(chosen % many) {
            *leaf = replacement(*kind, text);
        }
        rest = after;
    }
    value.to_string().into_bytes()
}

/// All values that hold no other.
pub fn leaves(value: &mut Value) -> Vec<&mut Value> {
    let holds_others = match value {
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => false,
    };
    if !holds_others {
        return vec![value];
    }
    match value {
        Value::Array(list) => list.iter_mut().flat_map(leaves).collect(),
        Value::Object(map) => map.values_mut().flat_map(leaves).collect(),
        _ => Vec::new(),
    }
}
