//! How does the state lie on disk? One `SQLite` database; every statement stands here or in
//! `drawer`.
//!
//! The journal is a write-ahead log, flushed at checkpoints: a program that is killed loses
//! nothing that was committed. A machine that loses power may lose the last files of a run, never
//! half of one; they are read again.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::drawer::Drawer;
use super::home::Home;
use super::kept::{Content, File, Kept};
use super::setting::{OnChange, Setting};
use super::{LedgerError, Told};
use crate::scan::{Part, StreamFacts, Trace, Trails};
use crate::source::{ContentId, fold, unfold};

/// The version of the tables below.
const VERSION: i64 = 5;

const FILES: &str = "files";
const CONTENTS: &str = "contents";

const TABLES: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE settings (id INTEGER PRIMARY KEY, basis TEXT, rules TEXT, list TEXT);
CREATE TABLE unable (id INTEGER PRIMARY KEY, list TEXT UNIQUE);
CREATE TABLE untold (id INTEGER PRIMARY KEY, until INTEGER);
CREATE TABLE trails (id INTEGER PRIMARY KEY, body BLOB);
CREATE TABLE attempts (path TEXT PRIMARY KEY, stamp TEXT, count INTEGER) WITHOUT ROWID;
";

/// The database.
#[derive(Debug)]
pub(super) struct Store {
    db: Connection,
    files: Drawer,
    contents: Drawer,
    /// Lists of rules that could not fire, and why, by their number.
    unable: HashMap<i64, Arc<BTreeMap<u32, String>>>,
}

/// What a second pass found in a content: trails, and sums of its beginning.
type Followed = (BTreeMap<Trace, Trails>, BTreeMap<u64, ContentId>);
/// The same, as it stands in a tally.
type FollowedRef<'t> = (&'t BTreeMap<Trace, Trails>, &'t BTreeMap<u64, ContentId>);

type Result<T> = std::result::Result<T, LedgerError>;

/// What a content yielded: facts, the part before the mark, the part behind it.
pub(super) type Body = (StreamFacts, Part, Part);

impl Store {
    pub(super) fn open(home: &Home) -> Result<Self> {
        let db = Connection::open(home.database()?)?;
        db.busy_timeout(Duration::from_secs(5))?;
        db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "NORMAL")?;
        let (files, contents) = (Drawer::new(FILES), Drawer::new(CONTENTS));
        let mut store = Self { db, files, contents, unable: HashMap::new() };
        store.prepare(home)?;
        store.unable = store.lists()?;
        Ok(store)
    }

    /// Makes the tables of a new state; refuses those of another version.
    fn prepare(&self, home: &Home) -> Result<()> {
        let version: i64 = self.db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        match version {
            VERSION => Ok(()),
            0 => Ok(self.db.execute_batch(&format!(
                "BEGIN; {TABLES} {} {} PRAGMA user_version = {VERSION}; COMMIT;",
                Drawer::tables(FILES),
                Drawer::tables(CONTENTS),
            ))?),
            other => Err(LedgerError::folder(
                home.dir(),
                &format!(
                    "made by another version of the program (state {other}, not {VERSION}); sweep \
                     with a new --state-dir, which reads everything that is still there once more, \
                     and give it case.key from here with --case-key, so that counts of distinct \
                     numbers can be compared; what is gone is only in the reports of before"
                ),
            )),
        }
    }

    fn meta(&self, name: &str) -> Result<Option<String>> {
        let mut find = self.db.prepare("SELECT value FROM meta WHERE name = ?1")?;
        Ok(find.query_row([name], |row| row.get(0)).optional()?)
    }

    fn set_meta(db: &Connection, name: &str, value: &str) -> Result<()> {
        db.prepare("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?.execute([name, value])?;
        Ok(())
    }

    /// Notes what must stay the same for ever, or refuses what is not.
    pub(super) fn agree(&self, name: &str, value: &str, home: &Home) -> Result<()> {
        match self.meta(name)? {
            None => Self::set_meta(&self.db, name, value),
            Some(known) if known == value => Ok(()),
            Some(_) => Err(LedgerError::Key { dir: home.dir().display().to_string() }),
        }
    }

    /// The number of a setting.
    pub(super) fn setting(&mut self, setting: &Setting) -> Result<i64> {
        let find = "SELECT id FROM settings WHERE basis = ?1 AND rules = ?2";
        let key = [&setting.basis, &setting.rules];
        if let Some(id) = self.db.query_row(find, key, |row| row.get(0)).optional()? {
            return Ok(id);
        }
        let list = serde_json::to_string(&setting.list)?;
        let add = "INSERT INTO settings (basis, rules, list) VALUES (?1, ?2, ?3)";
        self.db.execute(add, [&setting.basis, &setting.rules, &list])?;
        Ok(self.db.last_insert_rowid())
    }

    pub(super) fn settings(&self) -> Result<BTreeMap<i64, Setting>> {
        let rows = self.rows("SELECT id, basis, rules, list FROM settings", |row| {
            let list: String = row.get(3)?;
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, list))
        })?;
        let setting = |(id, basis, rules, list): (i64, String, String, String)| {
            let list = serde_json::from_str(&list)?;
            let on_change = OnChange::default();
            Ok((id, Setting { key: String::new(), basis, rules, list, on_change }))
        };
        rows.into_iter().map(setting).collect()
    }

    fn rows<T>(&self, sql: &str, of: impl Fn(&Row<'_>) -> rusqlite::Result<T>) -> Result<Vec<T>> {
        let mut find = self.db.prepare(sql)?;
        let rows = find.query_map([], |row| of(row))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn lists(&self) -> Result<HashMap<i64, Arc<BTreeMap<u32, String>>>> {
        let rows = self.rows("SELECT id, list FROM unable", |row| {
            Ok((row.get(0)?, row.get::<_, String>(1)?))
        })?;
        rows.into_iter()
            .map(|(id, list)| Ok((id, Arc::new(serde_json::from_str(&list)?))))
            .collect()
    }

    /// The number of a list of rules that could not fire.
    pub(super) fn unable(&mut self, list: &BTreeMap<u32, String>) -> Result<i64> {
        if let Some((id, _)) = self.unable.iter().find(|(_, known)| ***known == *list) {
            return Ok(*id);
        }
        let add = "INSERT INTO unable (list) VALUES (?1)";
        self.db.execute(add, [serde_json::to_string(list)?])?;
        let id = self.db.last_insert_rowid();
        self.unable.insert(id, Arc::new(list.clone()));
        Ok(id)
    }

    pub(super) fn files(&mut self) -> Result<BTreeMap<String, File>> {
        let rows = self.files.load(&self.db)?.into_iter();
        rows.map(|(path, row)| Ok((path, serde_json::from_str(&row)?))).collect()
    }

    pub(super) fn kept(&mut self) -> Result<BTreeMap<i64, Kept>> {
        let rows = self.contents.load(&self.db)?.into_iter();
        rows.map(|(key, row)| Ok((id(&key)?, serde_json::from_str(&row)?))).collect()
    }

    /// Up to which byte the hits of contents were told that were not told whole.
    pub(super) fn untold(&self) -> Result<BTreeMap<i64, u64>> {
        let rows = self.rows("SELECT id, until FROM untold", |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)? as u64))
        })?;
        Ok(rows.into_iter().collect())
    }

    pub(super) fn attempts(&self) -> Result<BTreeMap<String, (String, u32)>> {
        let rows = self.rows("SELECT path, stamp, count FROM attempts", |row| {
            Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))
        })?;
        Ok(rows.into_iter().collect())
    }

    /// What a content yielded.
    pub(super) fn body(&self, id: i64, kept: &Kept) -> Result<Body> {
        let body = self.contents.body(&self.db, &key(id))?;
        self.complete(kept, &body.unwrap_or_default())
    }

    /// Gives what each content yielded to `take`, in no order.
    pub(super) fn bodies(&self, mut take: impl FnMut(i64, &str) -> Result<()>) -> Result<()> {
        self.contents.bodies(&self.db, |key, body| take(id(key)?, body))
    }

    /// A body with what its row says.
    pub(super) fn complete(&self, kept: &Kept, body: &str) -> Result<Body> {
        let (mut facts, until_mark, tail): Body = serde_json::from_str(body)?;
        facts.unable = self.unable.get(&kept.unable).cloned().unwrap_or_default();
        (facts.bytes, facts.head) = (kept.bytes, Some(kept.print).filter(|print| *print != 0));
        Ok((facts, until_mark, tail))
    }

    /// What a second pass found in a content.
    pub(super) fn followed(&self, id: i64) -> Result<Followed> {
        let mut find = self.db.prepare("SELECT body FROM trails WHERE id = ?1")?;
        let body: Option<Vec<u8>> = find.query_row([id], |row| row.get(0)).optional()?;
        Ok(body.map(|body| unpacked(&body)).transpose()?.unwrap_or_default())
    }

    pub(super) fn begin(&mut self, path: &str, stamp: &str, count: u32) -> Result<()> {
        let note = "INSERT OR REPLACE INTO attempts VALUES (?1, ?2, ?3)";
        self.db.prepare(note)?.execute(params![path, stamp, count])?;
        Ok(())
    }

    /// A file that was read, with its contents and up to where the new ones were told.
    pub(super) fn settle(
        &mut self,
        path: &str,
        file: &File,
        contents: &[(i64, Kept, Content)],
        untold: &[(i64, u64)],
        outgrown: &[(i64, Kept)],
    ) -> Result<()> {
        let all = self.db.transaction()?;
        for (id, kept, content) in contents {
            let body = content.body()?;
            let (key, row) = (key(*id), serde_json::to_string(kept)?);
            self.contents.put(&all, &key, &row, Some(body.as_bytes()), kept.rests())?;
            // What was followed in another reading may not be what is there now.
            all.prepare("DELETE FROM trails WHERE id = ?1")?.execute([id])?;
        }
        for (id, until) in untold {
            let note = "INSERT OR REPLACE INTO untold VALUES (?1, ?2)";
            all.prepare(note)?.execute(params![id, *until as i64])?;
        }
        for (id, kept) in outgrown {
            let row = serde_json::to_string(kept)?;
            self.contents.put(&all, &key(*id), &row, None, kept.rests())?;
        }
        self.files.put(&all, path, &serde_json::to_string(file)?, None, true)?;
        all.prepare("DELETE FROM attempts WHERE path = ?1")?.execute([path])?;
        self.files.tidy(&all)?;
        self.contents.tidy(&all)?;
        Ok(all.commit()?)
    }

    pub(super) fn put_file(&mut self, path: &str, file: &File) -> Result<()> {
        self.files.put(&self.db, path, &serde_json::to_string(file)?, None, true)
    }

    /// The end of a run, in one transaction: files that are no more, rows that changed, contents
    /// that are no more.
    pub(super) fn close(
        &mut self,
        moved: &[String],
        files: &[(&String, &File)],
        noted: &[(i64, &Kept)],
        outgrown: &[i64],
    ) -> Result<()> {
        let all = self.db.transaction()?;
        for (path, file) in files {
            self.files.put(&all, path, &serde_json::to_string(file)?, None, true)?;
        }
        for (id, kept) in noted {
            let row = serde_json::to_string(kept)?;
            self.contents.put(&all, &key(*id), &row, None, kept.rests())?;
        }
        moved.iter().try_for_each(|path| self.files.remove(&all, path))?;
        delete_contents(&all, &mut self.contents, outgrown)?;
        for drawer in [&mut self.files, &mut self.contents] {
            drawer.thin(&all)?;
            drawer.pack(&all)?;
        }
        all.commit()?;
        // One row comes for each page that is given back.
        Ok(self.db.pragma_query(None, "incremental_vacuum", |_| Ok(()))?)
    }

    pub(super) fn keep_followed(&mut self, followed: &[(i64, FollowedRef<'_>)]) -> Result<()> {
        let all = self.db.transaction()?;
        for (id, followed) in followed {
            let keep = "INSERT OR REPLACE INTO trails VALUES (?1, ?2)";
            all.prepare(keep)?.execute(params![id, packed(followed)?])?;
        }
        Ok(all.commit()?)
    }

    pub(super) fn told(&self) -> Result<Told> {
        let told = self.meta("told")?;
        Ok(told.map(|told| serde_json::from_str(&told)).transpose()?.unwrap_or_default())
    }

    pub(super) fn tell(&mut self, told: &Told) -> Result<()> {
        let all = self.db.transaction()?;
        Self::set_meta(&all, "told", &serde_json::to_string(told)?)?;
        all.execute("DELETE FROM untold", [])?;
        Ok(all.commit()?)
    }

    /// Forgets files and contents: nothing of them is left in the database's file.
    pub(super) fn forget(&mut self, paths: &[String], contents: &[i64]) -> Result<()> {
        let all = self.db.transaction()?;
        for path in paths {
            self.files.remove(&all, path)?;
            all.prepare("DELETE FROM attempts WHERE path = ?1")?.execute([path])?;
        }
        delete_contents(&all, &mut self.contents, contents)?;
        for drawer in [&mut self.files, &mut self.contents] {
            drawer.purge(&all)?;
            drawer.pack(&all)?;
        }
        all.commit()?;
        Ok(self.db.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")?)
    }
}

fn delete_contents(db: &Connection, drawer: &mut Drawer, ids: &[i64]) -> Result<()> {
    for id in ids {
        drawer.remove(db, &key(*id))?;
        for table in ["trails", "untold"] {
            let delete = format!("DELETE FROM {table} WHERE id = ?1");
            db.prepare(&delete)?.execute([id])?;
        }
    }
    Ok(())
}

/// The key of a content's row: its number, so written that keys are in the numbers' order.
fn key(id: i64) -> String {
    format!("{id:010}")
}

fn id(key: &str) -> Result<i64> {
    key.parse().map_err(|_| LedgerError::Store(format!("{key:?}: the state is damaged")))
}

fn packed(value: &impl Serialize) -> Result<Vec<u8>> {
    Ok(fold(&serde_json::to_vec(value)?))
}

fn unpacked<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    Ok(serde_json::from_slice(&unfold(body)?)?)
}
