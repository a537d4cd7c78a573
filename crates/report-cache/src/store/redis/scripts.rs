//! What runs on the server: each script is atomic, and touches keys of one slot.
//!
//! The texts lie in `lua/`. They are loaded once for each connection; a request names them by hash. Those
//! that free memory may run while the server is full; the one that stores is then refused before it
//! has done anything.

use ::redis::{Cmd, Script};

/// The scripts, with their hashes.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) announce: Script,
    pub(super) join: Script,
    pub(super) put: Script,
    pub(super) remove: Script,
    pub(super) evict: Script,
    pub(super) sweep: Script,
    pub(super) wipe: Script,
    pub(super) account: Script,
    pub(super) usage: Script,
    pub(super) reset: Script,
    pub(super) finish: Script,
    pub(super) wiped: Script,
    texts: Vec<String>,
}

impl Scripts {
    pub(super) fn new() -> Self {
        let mut texts = Vec::new();
        let mut script = |flags: &str, parts: &[&str]| {
            // The first line makes the server hold a script to its flags and to one slot.
            let text = format!("#!lua{flags}\n{}", parts.concat());
            let script = Script::new(&text);
            texts.push(text);
            script
        };
        let person = include_str!("lua/person.lua");
        let frees = " flags=allow-oom";
        Self {
            announce: script("", &[include_str!("lua/announce.lua")]),
            join: script("", &[include_str!("lua/join.lua")]),
            put: script("", &[person, include_str!("lua/put.lua")]),
            remove: script(frees, &[person, include_str!("lua/remove.lua")]),
            evict: script(frees, &[person, include_str!("lua/evict.lua")]),
            sweep: script(frees, &[person, include_str!("lua/sweep.lua")]),
            wipe: script(frees, &[person, include_str!("lua/wipe.lua")]),
            account: script(frees, &[include_str!("lua/account.lua")]),
            usage: script(" flags=no-writes", &[include_str!("lua/usage.lua")]),
            reset: script(frees, &[include_str!("lua/reset.lua")]),
            finish: script(frees, &[include_str!("lua/finish.lua")]),
            wiped: script(frees, &[include_str!("lua/wiped.lua")]),
            texts,
        }
    }

    /// The commands that load them all.
    pub(super) fn load(&self) -> impl Iterator<Item = Cmd> + '_ {
        self.texts.iter().map(|text| {
            let mut load = ::redis::cmd("SCRIPT");
            load.arg("LOAD").arg(text);
            load
        })
    }
}

/// The call of a loaded script; its arguments are to follow.
pub(super) fn call(script: &Script, keys: &[String]) -> Cmd {
    let mut call = ::redis::cmd("EVALSHA");
    call.arg(script.get_hash()).arg(keys.len()).arg(keys);
    call
}
