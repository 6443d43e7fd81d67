//! How do half a million small rows lie on disk in little room? One by one while they change, and
//! pressed together in packs when they are many and rest.
//!
//! A row that lies alone goes before the same row in a pack, and a row that is empty says that
//! there is none any more: so a pack is never changed. When more than half of it is overtaken, what
//! is left of it lies alone again. No row is in two packs.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::LedgerError;
use crate::source::{fold, press, unfold, unpress};

type Result<T> = std::result::Result<T, LedgerError>;

/// Rows that are pressed together, of a state.
const PACK: usize = 1 << 10;

/// Bytes of the largest folded body that is packed, and of all that are pressed together: they are
/// in memory at once, unfolded.
const BODY: usize = 64 << 10;
const BODIES: usize = 2 << 20;

/// Rows that lie alone before they are packed while a run goes on.
const LOOSE: usize = 8 * PACK;

/// A table of rows by their key: JSON in one line, of which a second, the body, is read only when
/// all are.
#[derive(Debug)]
pub(super) struct Drawer {
    table: &'static str,
    /// Rows that are pressed together.
    pack: usize,
    /// In which pack a row lies that does not lie alone, or did before it was overtaken.
    packed: HashMap<String, i64>,
    /// How many rows were put into each pack.
    sizes: BTreeMap<i64, usize>,
    /// Rows that lie alone and may be packed.
    loose: usize,
}

/// A row as it lies alone.
struct Loose {
    key: String,
    /// `None` if there is none any more.
    row: Option<String>,
    /// `None` if it is in the pack; empty if there is none.
    body: Option<Vec<u8>>,
    rest: Rest,
}

/// Whether a row that lies alone may be packed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// It changes.
    No,
    /// It may.
    Yes,
    /// Once the pack is laid open that holds the row as it was.
    Later,
}

impl Drawer {
    /// What makes the tables of a new state.
    pub(super) fn tables(table: &str) -> String {
        format!(
            "CREATE TABLE {table} (key TEXT PRIMARY KEY, row TEXT, body BLOB, rest INTEGER);
             CREATE TABLE {table}_packs (id INTEGER PRIMARY KEY, rows BLOB, bodies BLOB);\n"
        )
    }

    pub(super) fn new(table: &'static str) -> Self {
        Self { table, pack: PACK, packed: HashMap::new(), sizes: BTreeMap::new(), loose: 0 }
    }

    /// All rows with their keys.
    pub(super) fn load(&mut self, db: &Connection) -> Result<HashMap<String, String>> {
        let mut rows = HashMap::new();
        self.packed.clear();
        self.sizes.clear();
        let sql = format!("SELECT id, rows, NULL FROM {}_packs ORDER BY id", self.table);
        let mut find = db.prepare(&sql)?;
        let mut found = find.query([])?;
        while let Some(row) = found.next()? {
            let (pack, packed, _) = self::pack(row)?;
            let packed = lines(&packed)?;
            self.sizes.insert(pack, packed.len());
            for (key, row) in packed {
                self.packed.insert(key.clone(), pack);
                rows.insert(key, row.to_owned());
            }
        }
        let loose = self.alone(db, "NULL", "")?;
        self.loose = loose.iter().filter(|l| l.rest == Rest::Yes).count();
        for Loose { key, row, .. } in loose {
            match row {
                Some(row) => rows.insert(key, row),
                None => rows.remove(&key),
            };
        }
        Ok(rows)
    }

    /// Rows that lie alone; their bodies only if they are asked for.
    fn alone(&self, db: &Connection, body: &str, which: &str) -> Result<Vec<Loose>> {
        let sql = format!("SELECT key, row, {body}, rest FROM {} {which}", self.table);
        let mut find = db.prepare(&sql)?;
        let loose = |row: &Row<'_>| {
            let rest = match row.get::<_, i64>(3)? {
                0 => Rest::No,
                1 => Rest::Yes,
                _ => Rest::Later,
            };
            Ok(Loose { key: row.get(0)?, row: row.get(1)?, body: row.get(2)?, rest })
        };
        let rows = find.query_map([], loose)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Puts a row; without a body, the one that it has stays. A row that `rests` may be packed.
    pub(super) fn put(
        &mut self,
        db: &Connection,
        key: &str,
        row: &str,
        body: Option<&[u8]>,
        rests: bool,
    ) -> Result<()> {
        let put = format!(
            "INSERT INTO {} VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET \
             row = ?2, body = ifnull(?3, body), rest = ?4",
            self.table
        );
        let rest = match (rests, self.packed.contains_key(key)) {
            (false, _) => Rest::No,
            (true, false) => Rest::Yes,
            (true, true) => Rest::Later,
        };
        db.prepare(&put)?.execute(params![key, row, body.map(fold), rest as i64])?;
        self.loose += usize::from(rest == Rest::Yes);
        Ok(())
    }

    /// Takes a row out; of one that is in a pack, its bytes stay until the pack is written anew.
    pub(super) fn remove(&mut self, db: &Connection, key: &str) -> Result<()> {
        if self.packed.contains_key(key) {
            let put = format!("INSERT OR REPLACE INTO {} VALUES (?1, NULL, x'', 0)", self.table);
            db.prepare(&put)?.execute([key])?;
        } else {
            let delete = format!("DELETE FROM {} WHERE key = ?1", self.table);
            db.prepare(&delete)?.execute([key])?;
        }
        Ok(())
    }

    /// The body of a row.
    pub(super) fn body(&self, db: &Connection, key: &str) -> Result<Option<String>> {
        let find = format!("SELECT body FROM {} WHERE key = ?1", self.table);
        let alone: Option<Option<Vec<u8>>> =
            db.prepare(&find)?.query_row([key], |row| row.get(0)).optional()?;
        if let Some(body) = alone.flatten() {
            let body = text(&body)?;
            return Ok(Some(body).filter(|body| !body.is_empty()));
        }
        let Some(pack) = self.packed.get(key) else { return Ok(None) };
        let find = format!("SELECT id, rows, bodies FROM {}_packs WHERE id = ?1", self.table);
        let mut find = db.prepare(&find)?;
        let mut found = find.query([pack])?;
        let Some(row) = found.next()? else { return Ok(None) };
        let (_, rows, bodies) = self::pack(row)?;
        let mut both = lines(&rows)?.into_iter().zip(bodies.lines());
        let body = both.find(|((known, _), _)| known == key).map(|(_, body)| body.to_owned());
        Ok(body.filter(|body| !body.is_empty()))
    }

    /// Gives every body to `take`, with the key of its row.
    pub(super) fn bodies(
        &self,
        db: &Connection,
        mut take: impl FnMut(&str, &str) -> Result<()>,
    ) -> Result<()> {
        let mut overtaken = HashSet::new();
        let alone = format!("SELECT key, body FROM {}", self.table);
        let mut find = db.prepare(&alone)?;
        let mut found = find.query([])?;
        while let Some(row) = found.next()? {
            let (key, body): (String, Option<Vec<u8>>) = (row.get(0)?, row.get(1)?);
            let is_whole = body.is_some();
            if let Some(body) = body.as_deref().map(text).transpose()?.filter(|b| !b.is_empty()) {
                take(&key, &body)?;
            }
            if is_whole {
                overtaken.insert(key);
            }
        }
        let ids = format!("SELECT id, rows, bodies FROM {}_packs ORDER BY id", self.table);
        let mut find = db.prepare(&ids)?;
        let mut found = find.query([])?;
        while let Some(row) = found.next()? {
            let (_, rows, bodies) = self::pack(row)?;
            for ((key, _), body) in lines(&rows)?.into_iter().zip(bodies.lines()) {
                if !body.is_empty() && !overtaken.contains(&key) {
                    take(&key, body)?;
                }
            }
        }
        Ok(())
    }

    /// Packs what lies alone, if that is much.
    pub(super) fn tidy(&mut self, db: &Connection) -> Result<()> {
        if self.loose >= LOOSE { self.pack(db) } else { Ok(()) }
    }

    /// Packs what lies alone, rests and is small, in the order of the keys; few of them stay.
    pub(super) fn pack(&mut self, db: &Connection) -> Result<()> {
        let some = format!(
            "WHERE rest = 1 AND length(ifnull(body, '')) <= {BODY} ORDER BY key LIMIT {}",
            self.pack
        );
        loop {
            let mut rows = self.alone(db, "body", &some)?;
            self.loose = rows.len();
            let bytes = |loose: &Loose| loose.body.as_ref().map_or(0, Vec::len);
            let mut held = 0;
            let fits = rows.iter().take_while(|row| {
                held += bytes(row);
                held <= BODIES
            });
            let fits = fits.count();
            if fits < self.pack && held <= BODIES {
                return Ok(());
            }
            rows.truncate(fits);
            self.press(db, rows)?;
        }
    }

    fn press(&mut self, db: &Connection, alone: Vec<Loose>) -> Result<()> {
        let (mut rows, mut bodies, mut keys) = (String::new(), String::new(), Vec::new());
        for Loose { key, row, body, .. } in alone {
            let body = body.as_deref().map(text).transpose()?.unwrap_or_default();
            // Writing into a string cannot fail.
            let _ = writeln!(rows, "{}\t{}", serde_json::to_string(&key)?, row.unwrap_or_default());
            let _ = writeln!(bodies, "{body}");
            keys.push(key);
        }
        let put = format!("INSERT INTO {}_packs (rows, bodies) VALUES (?1, ?2)", self.table);
        db.prepare(&put)?.execute([self::press(&rows), self::press(&bodies)])?;
        let pack = db.last_insert_rowid();
        let delete = format!("DELETE FROM {} WHERE key = ?1", self.table);
        self.sizes.insert(pack, keys.len());
        for key in keys {
            db.prepare(&delete)?.execute([&key])?;
            self.packed.insert(key, pack);
        }
        Ok(())
    }

    /// Lays what is left of packs alone again, of which most is overtaken.
    pub(super) fn thin(&mut self, db: &Connection) -> Result<()> {
        self.open(db, |live, all| 2 * live < all)
    }

    /// Lays every pack open of which anything is overtaken, so that nothing of it is left.
    pub(super) fn purge(&mut self, db: &Connection) -> Result<()> {
        self.open(db, |live, all| live < all)
    }

    fn open(&mut self, db: &Connection, which: impl Fn(usize, usize) -> bool) -> Result<()> {
        let alone = self.alone(db, "NULL", "")?;
        let alone: HashMap<String, bool> =
            alone.into_iter().map(|l| (l.key, l.row.is_some())).collect();
        let mut live: BTreeMap<i64, usize> = BTreeMap::new();
        for pack in self.packed.iter().filter(|(key, _)| !alone.contains_key(*key)).map(|(_, p)| p)
        {
            *live.entry(*pack).or_default() += 1;
        }
        let live = |pack: &i64| live.get(pack).copied().unwrap_or(0);
        let wanted: Vec<i64> =
            self.sizes.iter().filter(|(p, all)| which(live(p), **all)).map(|(p, _)| *p).collect();
        wanted.into_iter().try_for_each(|pack| self.lay_open(db, pack, &alone))
    }

    fn lay_open(&mut self, db: &Connection, id: i64, alone: &HashMap<String, bool>) -> Result<()> {
        let find = format!("SELECT id, rows, bodies FROM {}_packs WHERE id = ?1", self.table);
        let (_, rows, bodies) = db.prepare(&find)?.query_row([id], |row| Ok(pack(row)))??;
        for ((key, row), body) in lines(&rows)?.into_iter().zip(bodies.lines()) {
            self.packed.remove(&key);
            let body = Some(body.as_bytes()).filter(|body| !body.is_empty());
            match alone.get(&key) {
                None => self.put(db, &key, row, body, true)?,
                Some(false) => self.remove(db, &key)?,
                Some(true) => {
                    let keep = format!(
                        "UPDATE {} SET body = ifnull(body, ?2), rest = min(rest, 1) WHERE key = ?1",
                        self.table
                    );
                    db.prepare(&keep)?.execute(params![key, body.map(fold)])?;
                }
            }
        }
        self.sizes.remove(&id);
        db.execute(&format!("DELETE FROM {}_packs WHERE id = ?1", self.table), [id])?;
        Ok(())
    }
}

/// A pack: its number, its rows, its bodies.
fn pack(row: &Row<'_>) -> Result<(i64, String, String)> {
    let (rows, bodies): (Vec<u8>, Option<Vec<u8>>) = (row.get(1)?, row.get(2)?);
    let bodies = bodies.map(|bodies| unpress(&bodies)).transpose()?.unwrap_or_default();
    Ok((row.get(0)?, unpress(&rows)?, bodies))
}

/// The rows of a pack with their keys.
fn lines(rows: &str) -> Result<Vec<(String, &str)>> {
    rows.lines().map(split).collect()
}

fn split(line: &str) -> Result<(String, &str)> {
    let (key, row) = line.split_once('\t').unwrap_or((line, ""));
    Ok((serde_json::from_str(key)?, row))
}

/// A body as it was; of an empty one nothing.
fn text(body: &[u8]) -> Result<String> {
    let bytes = if body.is_empty() { Vec::new() } else { unfold(body)? };
    String::from_utf8(bytes)
        .map_err(|error| LedgerError::Store(format!("{error}; the state is damaged")))
}

#[cfg(test)]
mod tests;
