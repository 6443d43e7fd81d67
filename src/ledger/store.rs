//! How does the state lie on disk? One `SQLite` database; every statement stands here.
//!
//! The journal is a write-ahead log, flushed at checkpoints: a program that is killed loses
//! nothing that was committed. A machine that loses power may lose the last files of a run, never
//! half of one; they are read again.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::home::Home;
use super::kept::{Content, File, Kept, Mark};
use super::setting::{OnChange, Setting};
use super::{LedgerError, Told};
use crate::scan::{Part, StreamFacts, Trace, Trails};
use crate::source::{ContentId, Gap, SourceEnd, Stamp, fold, unfold};
use crate::time::Time;

/// The version of the tables below.
const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE settings (id INTEGER PRIMARY KEY, basis TEXT, rules TEXT, list TEXT);
CREATE TABLE files (path TEXT PRIMARY KEY, device INTEGER, inode INTEGER, size INTEGER,
    modified INTEGER, changed INTEGER, sum BLOB, bytes INTEGER, gaps TEXT, holds TEXT, prior TEXT)
    WITHOUT ROWID;
CREATE TABLE contents (id INTEGER PRIMARY KEY, name TEXT, sum BLOB, place TEXT, setting INTEGER,
    bytes INTEGER, print INTEGER, offset INTEGER, line INTEGER, prefix BLOB, told INTEGER,
    next INTEGER, notes TEXT);
CREATE TABLE parts (id INTEGER PRIMARY KEY, first INTEGER, first_zone INTEGER, last INTEGER,
    last_zone INTEGER, entries INTEGER, body BLOB);
CREATE TABLE trails (id INTEGER PRIMARY KEY, body BLOB);
CREATE TABLE attempts (path TEXT PRIMARY KEY, stamp TEXT, count INTEGER) WITHOUT ROWID;
";

/// The database.
#[derive(Debug)]
pub(super) struct Store {
    db: Connection,
}

type Result<T> = std::result::Result<T, LedgerError>;

/// First and last time of what a content's entries say.
pub(super) type Ends = Option<(Time, Time)>;

impl Store {
    pub(super) fn open(home: &Home) -> Result<Self> {
        let db = Connection::open(home.database()?)?;
        db.busy_timeout(Duration::from_secs(5))?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "NORMAL")?;
        let store = Self { db };
        store.prepare(home)?;
        Ok(store)
    }

    /// Makes the tables of a new state; refuses those of another version.
    fn prepare(&self, home: &Home) -> Result<()> {
        let version: i64 = self.db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        match version {
            VERSION => Ok(()),
            0 => Ok(self.db.execute_batch(&format!(
                "BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;"
            ))?),
            other => Err(LedgerError::folder(
                home.dir(),
                &format!("made by another version of the program (state {other}, not {VERSION})"),
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

    pub(super) fn files(&self) -> Result<BTreeMap<String, File>> {
        let columns =
            "path, device, inode, size, modified, changed, sum, bytes, gaps, holds, prior";
        let rows = self.rows(&format!("SELECT {columns} FROM files"), |row| {
            let end = (ContentId(row.get(6)?), number(row, 7)?);
            let texts: [Option<String>; 3] = [row.get(8)?, row.get(9)?, row.get(10)?];
            Ok((row.get::<_, String>(0)?, stamp(row, 1)?, end, texts))
        })?;
        let mut files = BTreeMap::new();
        for (path, stamp, (sha256, bytes), [gaps, holds, prior]) in rows {
            let end = SourceEnd { sha256, bytes, gaps: list(gaps.as_deref())? };
            let prior: Option<(i64, u64, u64)> = text(prior.as_deref())?;
            let was = |(id, device, inode)| (id, Stamp { device, inode, ..Stamp::default() });
            let holds = text(holds.as_deref())?.unwrap_or_default();
            files.insert(path, File { stamp, end, holds, prior: prior.map(was) });
        }
        Ok(files)
    }

    pub(super) fn kept(&self) -> Result<BTreeMap<i64, Kept>> {
        let columns =
            "id, name, sum, place, setting, bytes, told, next, print, offset, line, prefix, notes";
        let rows = self.rows(&format!("SELECT {columns} FROM contents"), |row| {
            let kept = Kept {
                name: row.get(1)?,
                sum: ContentId(row.get(2)?),
                place: row.get(3)?,
                setting: row.get(4)?,
                bytes: number(row, 5)?,
                told: number(row, 6)?,
                next: row.get(7)?,
                print: number(row, 8)?,
                mark: mark(row, 9)?,
                notes: Vec::new(),
            };
            Ok((row.get(0)?, kept, row.get::<_, Option<String>>(12)?))
        })?;
        let with_notes = |(id, kept, notes): (i64, Kept, Option<String>)| {
            Ok((id, Kept { notes: list(notes.as_deref())?, ..kept }))
        };
        rows.into_iter().map(with_notes).collect()
    }

    pub(super) fn attempts(&self) -> Result<BTreeMap<String, (String, u32)>> {
        let rows = self.rows("SELECT path, stamp, count FROM attempts", |row| {
            Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))
        })?;
        Ok(rows.into_iter().collect())
    }

    /// What a content yielded: facts, the part before the mark, the part behind it.
    pub(super) fn body(&self, id: i64) -> Result<(StreamFacts, Part, Part)> {
        let mut find = self.db.prepare("SELECT body FROM parts WHERE id = ?1")?;
        let body: Vec<u8> = find.query_row([id], |row| row.get(0))?;
        unpacked(&body)
    }

    /// The trails in a content.
    pub(super) fn trails(&self, id: i64) -> Result<BTreeMap<Trace, Trails>> {
        let mut find = self.db.prepare("SELECT body FROM trails WHERE id = ?1")?;
        let body: Option<Vec<u8>> = find.query_row([id], |row| row.get(0)).optional()?;
        Ok(body.map(|body| unpacked(&body)).transpose()?.unwrap_or_default())
    }

    pub(super) fn ends(&self, id: i64) -> Result<Ends> {
        let find = "SELECT first, first_zone, last, last_zone FROM parts WHERE id = ?1";
        let ends = |row: &Row<'_>| {
            let time = |at: usize| -> rusqlite::Result<Option<Time>> {
                let micros: Option<i64> = row.get(at)?;
                let zone: Option<i16> = row.get(at + 1)?;
                Ok(micros.zip(zone).map(|(micros, zone)| Time::from_micros(micros, zone)))
            };
            Ok(time(0)?.zip(time(2)?))
        };
        Ok(self.db.query_row(find, [id], ends).optional()?.flatten())
    }

    pub(super) fn begin(&mut self, path: &str, stamp: &str, count: u32) -> Result<()> {
        let note = "INSERT OR REPLACE INTO attempts VALUES (?1, ?2, ?3)";
        self.db.prepare(note)?.execute(params![path, stamp, count])?;
        Ok(())
    }

    pub(super) fn settle(
        &mut self,
        path: &str,
        file: &File,
        contents: &[(i64, Kept, Content)],
    ) -> Result<()> {
        let all = self.db.transaction()?;
        for (id, kept, content) in contents {
            put_content(&all, *id, kept)?;
            put_part(&all, *id, content)?;
            if let Some(from) = content.from.filter(|from| from != id) {
                let go_on = "UPDATE contents SET next = ?2 WHERE id = ?1";
                all.prepare(go_on)?.execute([from, *id])?;
            }
        }
        put_file(&all, path, file)?;
        all.prepare("DELETE FROM attempts WHERE path = ?1")?.execute([path])?;
        Ok(all.commit()?)
    }

    pub(super) fn put_file(&mut self, path: &str, file: &File) -> Result<()> {
        put_file(&self.db, path, file)
    }

    /// The end of a run, in one transaction.
    pub(super) fn close(
        &mut self,
        moved: &[String],
        notes: &[(i64, Gap)],
        outgrown: &[i64],
    ) -> Result<()> {
        let all = self.db.transaction()?;
        all.execute("UPDATE files SET prior = NULL WHERE prior IS NOT NULL", [])?;
        for (id, gap) in notes {
            let find = "SELECT notes FROM contents WHERE id = ?1";
            let known: Option<String> = all.query_row(find, [id], |row| row.get(0))?;
            let mut known: Vec<Gap> = list(known.as_deref())?;
            known.push(gap.clone());
            let note = "UPDATE contents SET notes = ?2 WHERE id = ?1";
            all.execute(note, params![id, serde_json::to_string(&known)?])?;
        }
        for path in moved {
            all.prepare("DELETE FROM files WHERE path = ?1")?.execute([path])?;
        }
        delete_contents(&all, outgrown)?;
        Ok(all.commit()?)
    }

    pub(super) fn keep_trails(&mut self, trails: &[(i64, &BTreeMap<Trace, Trails>)]) -> Result<()> {
        let all = self.db.transaction()?;
        for (id, trails) in trails {
            let keep = "INSERT OR REPLACE INTO trails VALUES (?1, ?2)";
            all.prepare(keep)?.execute(params![id, packed(trails)?])?;
        }
        Ok(all.commit()?)
    }

    pub(super) fn told(&self) -> Result<Told> {
        Ok(text(self.meta("told")?.as_deref())?.unwrap_or_default())
    }

    pub(super) fn tell(&mut self, told: &Told) -> Result<()> {
        let all = self.db.transaction()?;
        Self::set_meta(&all, "told", &serde_json::to_string(told)?)?;
        all.execute("UPDATE contents SET told = bytes WHERE told < bytes", [])?;
        Ok(all.commit()?)
    }

    /// Forgets files and contents.
    pub(super) fn forget(&mut self, paths: &[String], contents: &[i64]) -> Result<()> {
        let all = self.db.transaction()?;
        for path in paths {
            for table in ["files", "attempts"] {
                all.execute(&format!("DELETE FROM {table} WHERE path = ?1"), [path])?;
            }
        }
        delete_contents(&all, contents)?;
        all.commit()?;
        Ok(self.db.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")?)
    }

    /// Entries of every content, and the last time in it.
    pub(super) fn extents(&self) -> Result<BTreeMap<i64, (u64, Option<Time>)>> {
        let rows = self.rows("SELECT id, entries, last, last_zone FROM parts", |row| {
            let (micros, zone): (Option<i64>, Option<i16>) = (row.get(2)?, row.get(3)?);
            let last = micros.zip(zone).map(|(micros, zone)| Time::from_micros(micros, zone));
            Ok((row.get(0)?, (number(row, 1)?, last)))
        })?;
        Ok(rows.into_iter().collect())
    }
}

fn delete_contents(db: &Transaction<'_>, ids: &[i64]) -> Result<()> {
    for id in ids {
        for table in ["contents", "parts", "trails"] {
            let delete = format!("DELETE FROM {table} WHERE id = ?1");
            db.prepare(&delete)?.execute([id])?;
        }
    }
    Ok(())
}

fn put_file(db: &Connection, path: &str, file: &File) -> Result<()> {
    let File { stamp, end, holds, prior } = file;
    let gaps = some_json(&end.gaps)?;
    let prior = prior.map(|(id, was)| serde_json::to_string(&(id, was.device, was.inode)));
    let put = "INSERT OR REPLACE INTO files VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    db.prepare(put)?.execute(params![
        path,
        stamp.device as i64,
        stamp.inode as i64,
        stamp.size as i64,
        stamp.modified,
        stamp.changed,
        end.sha256.0,
        end.bytes as i64,
        gaps,
        serde_json::to_string(holds)?,
        prior.transpose()?,
    ])?;
    Ok(())
}

fn put_content(db: &Connection, id: i64, kept: &Kept) -> Result<()> {
    let put = "INSERT OR REPLACE INTO contents VALUES
        (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    db.prepare(put)?.execute(params![
        id,
        kept.name,
        kept.sum.0,
        kept.place,
        kept.setting,
        kept.bytes as i64,
        kept.print as i64,
        kept.mark.map(|mark| mark.offset as i64),
        kept.mark.map(|mark| mark.line as i64),
        kept.mark.map(|mark| mark.sum.0),
        kept.told as i64,
        kept.next,
        some_json(&kept.notes)?,
    ])?;
    Ok(())
}

fn put_part(db: &Connection, id: i64, content: &Content) -> Result<()> {
    let Content { facts, until_mark, tail, .. } = content;
    let first = until_mark.ends.or(tail.ends).map(|(first, _)| first);
    let last = tail.ends.or(until_mark.ends).map(|(_, last)| last);
    let put = "INSERT OR REPLACE INTO parts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    db.prepare(put)?.execute(params![
        id,
        first.map(Time::micros),
        first.map(Time::offset),
        last.map(Time::micros),
        last.map(Time::offset),
        (until_mark.entries + tail.entries) as i64,
        packed(&(facts, until_mark, tail))?,
    ])?;
    // What was followed in another reading may not be what is there now.
    db.prepare("DELETE FROM trails WHERE id = ?1")?.execute([id])?;
    Ok(())
}

fn number(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(at)? as u64)
}

fn stamp(row: &Row<'_>, at: usize) -> rusqlite::Result<Stamp> {
    Ok(Stamp {
        device: number(row, at)?,
        inode: number(row, at + 1)?,
        size: number(row, at + 2)?,
        modified: row.get(at + 3)?,
        changed: row.get(at + 4)?,
    })
}

fn mark(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Mark>> {
    let Some(offset) = row.get::<_, Option<i64>>(at)? else { return Ok(None) };
    let (offset, line) = (offset as u64, number(row, at + 1)?);
    Ok(Some(Mark { offset, line, sum: ContentId(row.get(at + 2)?) }))
}

fn packed(value: &impl Serialize) -> Result<Vec<u8>> {
    Ok(fold(&serde_json::to_vec(value)?))
}

fn unpacked<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    Ok(serde_json::from_slice(&unfold(body)?)?)
}

/// A list as text; nothing for an empty one.
fn some_json(list: &[Gap]) -> Result<Option<String>> {
    Ok((!list.is_empty()).then(|| serde_json::to_string(list)).transpose()?)
}

fn list(json: Option<&str>) -> Result<Vec<Gap>> {
    Ok(text(json)?.unwrap_or_default())
}

fn text<T: DeserializeOwned>(json: Option<&str>) -> Result<Option<T>> {
    Ok(json.map(serde_json::from_str).transpose()?)
}
