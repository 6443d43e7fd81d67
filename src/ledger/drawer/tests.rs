use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Put(u8, Option<u8>, bool),
    Remove(u8),
    Pack,
    Thin,
    Purge,
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..24_u8;
    prop_oneof![
        9 => (key.clone(), any::<Option<u8>>(), any::<bool>())
            .prop_map(|(key, body, rests)| Step::Put(key, body, rests)),
        3 => key.prop_map(Step::Remove),
        3 => Just(Step::Pack),
        2 => Just(Step::Thin),
        1 => Just(Step::Purge),
        1 => Just(Step::Reload),
    ]
}

type Model = BTreeMap<String, (String, Option<String>)>;

fn take(drawer: &mut Drawer, db: &Connection, model: &mut Model, n: usize, step: &Step) {
    match step {
        Step::Put(key, body, rests) => {
            let (key, row) = (format!("log\t{key}\n"), format!("{{\"row\":{n}}}"));
            let body = body.map(|body| format!("{{\"body\":{body}}}"));
            let bytes = body.as_ref().map(String::as_bytes);
            drawer.put(db, &key, &row, bytes, *rests).unwrap();
            let known = model.entry(key).or_default();
            *known = (row, body.or_else(|| known.1.clone()));
        }
        Step::Remove(key) => {
            let key = format!("log\t{key}\n");
            drawer.remove(db, &key).unwrap();
            model.remove(&key);
        }
        Step::Pack => drawer.pack(db).unwrap(),
        Step::Thin => drawer.thin(db).unwrap(),
        Step::Purge => drawer.purge(db).unwrap(),
        Step::Reload => *drawer = Drawer { pack: drawer.pack, ..Drawer::new("t") },
    }
}

/// Every row that was put and not removed, with its last body.
fn agrees(drawer: &mut Drawer, db: &Connection, model: &Model) {
    let rows: BTreeMap<String, String> = drawer.load(db).unwrap().into_iter().collect();
    assert_eq!(rows, model.iter().map(|(key, (row, _))| (key.clone(), row.clone())).collect());
    let mut bodies = BTreeMap::new();
    let take = |key: &str, body: &str| {
        assert!(bodies.insert(key.to_owned(), body.to_owned()).is_none(), "{key} twice");
        Ok(())
    };
    drawer.bodies(db, take).unwrap();
    let known = model.iter().filter_map(|(key, (_, body))| Some((key.clone(), body.clone()?)));
    assert_eq!(bodies, known.collect());
    for (key, (_, body)) in model {
        assert_eq!(&drawer.body(db, key).unwrap(), body);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_are_the_same_wherever_they_lie(steps in prop::collection::vec(step(), 1..60)) {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(&Drawer::tables("t")).unwrap();
        let mut drawer = Drawer { pack: 3, ..Drawer::new("t") };
        let mut model = Model::new();
        for (n, step) in steps.iter().enumerate() {
            take(&mut drawer, &db, &mut model, n, step);
            if matches!(step, Step::Reload) {
                agrees(&mut drawer, &db, &model);
            }
        }
        agrees(&mut drawer, &db, &model);
    }
}

#[test]
fn nothing_is_left_of_what_was_purged() {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(&Drawer::tables("t")).unwrap();
    let mut drawer = Drawer { pack: 4, ..Drawer::new("t") };
    for n in 0..8 {
        drawer.put(&db, &n.to_string(), "{}", Some(b"{}"), true).unwrap();
    }
    drawer.pack(&db).unwrap();
    drawer.remove(&db, "1").unwrap();
    drawer.thin(&db).unwrap();
    assert_eq!(drawer.sizes.len(), 2, "most of each pack stays");
    drawer.purge(&db).unwrap();
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM t"), 3);
    assert_eq!(count("SELECT count(*) FROM t_packs"), 1);
}
