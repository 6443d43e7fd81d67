//! What is a word in SQL, whatever the dialect?

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Logic,
    Compare,
    Arithmetic,
    Not,
    Quantity,
    /// A fixed value, or a function without arguments.
    Literal,
    Select,
    Case,
    Union,
    Clause,
    /// It may begin a statement.
    Statement,
    /// Any other: a column, a table, a function, or no SQL at all.
    Name,
}

pub(super) fn is(word: &[u8], wanted: &[u8]) -> bool {
    word.eq_ignore_ascii_case(wanted)
}

/// The longest word that means something.
const LONGEST: usize = 20;

/// The word in lower case; `None` if it is too long to mean anything.
fn lower<'b>(word: &[u8], buffer: &'b mut [u8; LONGEST]) -> Option<&'b [u8]> {
    let lower = buffer.get_mut(..word.len())?;
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    Some(lower)
}

/// What a word is.
pub(super) fn role(word: &[u8]) -> Role {
    let mut buffer = [0; LONGEST];
    let Some(word) = lower(word, &mut buffer) else { return Role::Name };
    match word {
        b"and" | b"or" | b"xor" => Role::Logic,
        b"like" | b"rlike" | b"regexp" | b"is" | b"in" | b"between" | b"glob" | b"similar"
        | b"sounds" | b"ilike" | b"notnull" => Role::Compare,
        b"div" | b"mod" | b"collate" => Role::Arithmetic,
        b"not" | b"binary" | b"exists" => Role::Not,
        b"all" | b"distinct" | b"distinctrow" | b"any" | b"some" | b"top" => Role::Quantity,
        b"null" | b"true" | b"false" | b"unknown" | b"current_user" | b"session_user"
        | b"system_user" | b"sysdate" | b"utc_date" | b"utc_time" | b"utc_timestamp"
        | b"rownum" | b"current_timestamp" | b"current_date" | b"localtime" | b"user"
        | b"database" | b"version" | b"schema" | b"sqlite_version" => Role::Literal,
        b"select" => Role::Select,
        b"case" => Role::Case,
        b"union" | b"except" | b"intersect" | b"minus" => Role::Union,
        b"order" | b"group" | b"having" | b"limit" | b"procedure" | b"into" | b"where"
        | b"offset" => Role::Clause,
        b"insert" | b"update" | b"delete" | b"drop" | b"create" | b"alter" | b"exec"
        | b"execute" | b"declare" | b"shutdown" | b"truncate" | b"grant" | b"merge"
        | b"waitfor" | b"rename" | b"call" | b"handler" | b"backup" | b"copy" | b"begin"
        | b"replace" | b"use" | b"kill" | b"set" | b"load" | b"attach" | b"revoke" | b"prepare"
        | b"do" | b"with" | b"if" | b"show" | b"while" => Role::Statement,
        _ => Role::Name,
    }
}

/// Whether a call of the function is enough to tell SQL.
pub(super) fn is_known(word: &[u8]) -> bool {
    const PACKAGES: [&[u8]; 7] = [b"dbms_", b"utl_", b"ctxsys.", b"sys.", b"pg_", b"xp_", b"sp_"];
    let mut buffer = [0; LONGEST];
    let head = &word[..word.len().min(LONGEST)];
    let Some(word) = lower(head, &mut buffer) else { return false };
    PACKAGES.iter().any(|package| word.starts_with(package))
        || matches!(
            word,
            b"sleep"
                | b"benchmark"
                | b"extractvalue"
                | b"updatexml"
                | b"load_file"
                | b"randomblob"
                | b"generate_series"
                | b"current_setting"
                | b"query_to_xml"
                | b"database_to_xml"
                | b"ascii"
                | b"ord"
                | b"unhex"
                | b"substring"
                | b"substr"
                | b"mid"
                | b"concat_ws"
                | b"group_concat"
                | b"char"
                | b"chr"
                | b"nchar"
                | b"make_set"
                | b"elt"
                | b"name_const"
                | b"json_keys"
                | b"row_count"
                | b"iif"
                | b"master_pos_wait"
                | b"get_lock"
                | b"st_latfromgeohash"
                | b"gtid_subset"
        )
}

/// Whether a word begins what is made or destroyed: `drop table`.
pub(super) fn is_thing(word: &[u8]) -> bool {
    let mut buffer = [0; LONGEST];
    let things = |word: &[u8]| {
        matches!(
            word,
            b"table"
                | b"database"
                | b"user"
                | b"view"
                | b"procedure"
                | b"function"
                | b"login"
                | b"schema"
                | b"column"
                | b"index"
                | b"trigger"
                | b"role"
                | b"or"
                | b"system"
                | b"session"
                | b"temporary"
        )
    };
    lower(word, &mut buffer).is_some_and(things)
}
