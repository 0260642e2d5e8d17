//! The Rust standard library's maps: two of each, of Strings.
use std::collections::{BTreeMap, HashMap};
use std::os::raw::{c_char, c_int, c_void};

#[repr(C)]
pub struct Str {
    p: *const u8,
    n: usize,
}

#[repr(C)]
pub struct Pairs {
    names: *const Str,
    eids: *const Str,
    n: usize,
}

type Build = extern "C" fn(*const Pairs, *const c_char) -> *mut c_void;
type Find = extern "C" fn(*mut c_void, c_int, *const Str, usize, *mut u64) -> u64;

/// struct bench_peer of map_peer.h
#[repr(C)]
pub struct Peer {
    name: *const u8,
    build: Option<Build>,
    find: Option<Find>,
    find_many: Option<Find>,
    find_text: Option<Find>,
    bytes: Option<Find>,
    open: Option<Find>,
    look_ups_elsewhere: c_int,
    memory_only: c_int,
}

unsafe impl Sync for Peer {}

fn text(s: &Str) -> &str {
    unsafe { std::str::from_utf8_unchecked(std::slice::from_raw_parts(s.p, s.n)) }
}

macro_rules! peer {
    ($build:ident, $find:ident, $map:ty) => {
        extern "C" fn $build(pairs: *const Pairs, _dir: *const c_char) -> *mut c_void {
            let mut maps: Box<[$map; 2]> = Default::default();
            let pairs = unsafe { &*pairs };
            let names = unsafe { std::slice::from_raw_parts(pairs.names, pairs.n) };
            let eids = unsafe { std::slice::from_raw_parts(pairs.eids, pairs.n) };
            for (name, eid) in names.iter().zip(eids) {
                maps[0].insert(text(name).to_string(), text(eid).to_string());
                maps[1].insert(text(eid).to_string(), text(name).to_string());
            }
            Box::into_raw(maps) as *mut c_void
        }

        extern "C" fn $find(
            maps: *mut c_void,
            way: c_int,
            keys: *const Str,
            n: usize,
            sum: *mut u64,
        ) -> u64 {
            let map = unsafe { &(*(maps as *const [$map; 2]))[way as usize] };
            let mut found = 0;
            for key in unsafe { std::slice::from_raw_parts(keys, n) } {
                if let Some(value) = map.get(text(key)) {
                    unsafe { *sum += value.as_bytes()[0] as u64 };
                    found += 1;
                }
            }
            found
        }
    };
}

peer!(build_btree, find_btree, BTreeMap<String, String>);
peer!(build_hash, find_hash, HashMap<String, String>);

const NO_PEER: Peer = Peer {
    name: std::ptr::null(),
    build: None,
    find: None,
    find_many: None,
    find_text: None,
    bytes: None,
    open: None,
    look_ups_elsewhere: 0,
    memory_only: 0,
};

#[no_mangle]
#[allow(non_upper_case_globals)]
pub static bench_peers: [Peer; 3] = [
    Peer {
        name: b"Rust BTreeMap\0".as_ptr(),
        build: Some(build_btree),
        find: Some(find_btree),
        ..NO_PEER
    },
    Peer {
        name: b"Rust HashMap\0".as_ptr(),
        build: Some(build_hash),
        find: Some(find_hash),
        ..NO_PEER
    },
    NO_PEER,
];
