//! Inventories: any file is refused with its name, or places every stream and host.

use std::net::{IpAddr, Ipv4Addr};

use leaksweep::source::Inventory;

use super::room::{file, folder};

pub fn check(data: &[u8]) {
    let folder = folder();
    let path = file(folder.path(), "sites.toml", data);
    match Inventory::load(&path) {
        Err(error) => assert!(error.to_string().contains("sites.toml")),
        Ok(mut inventory) => {
            let log = folder.path().join("shop/access.log.gz!a/b").display().to_string();
            for stream in [log.as_str(), "shop/access.log", "-", "a!b!c", ""] {
                for host in [None, Some("shop.example.com:443"), Some("[::1]"), Some("..")] {
                    assert!(!inventory.site(stream, host).is_empty() || stream.is_empty());
                }
            }
            inventory.trusts(IpAddr::V4(Ipv4Addr::LOCALHOST));
            inventory.assign("all");
            assert!(inventory.by_path("anything").is_some());
        }
    }
}
