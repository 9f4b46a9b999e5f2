//! The registry, read only.
#![expect(unsafe_code, reason = "the calls have no safe form")]

use std::io;

use windows::Win32::Foundation::{
    ERROR_FILE_NOT_FOUND, ERROR_MORE_DATA, ERROR_NO_MORE_ITEMS, ERROR_PATH_NOT_FOUND, ERROR_SUCCESS, WIN32_ERROR,
};
use windows::Win32::System::Registry::{
    HKEY, HKEY_LOCAL_MACHINE, HKEY_USERS, KEY_READ, KEY_WOW64_32KEY, KEY_WOW64_64KEY, REG_DWORD, REG_EXPAND_SZ,
    REG_MULTI_SZ, REG_SZ, REG_VALUE_TYPE, RegEnumKeyExW, RegEnumValueW, RegLoadMUIStringW, RegOpenKeyExW,
    RegQueryValueExW,
};
use windows::core::{HSTRING, Owned, PCWSTR, PWSTR};

/// Keys below one, and values of one, at most.
const ENTRIES_LIMIT: u32 = 100_000;
/// Longest name of a key or value, in UTF-16 units, with the end.
const NAME_UNITS: usize = 16_384;
/// Longest data that is read, in bytes; what is longer counts as unreadable.
const DATA_BYTES: usize = 64 << 10;
/// Longest text of a resource, in UTF-16 units.
const RESOURCE_UNITS: usize = 1_024;

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// As programs of the system's own width see it.
    Machine,
    /// As 32-bit programs see it.
    Machine32,
    Users,
}

/// A value's data, as far as it is of use here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Data {
    Text(String),
    Number(u32),
    Other,
}

/// An open key.
pub(super) struct Key(Owned<HKEY>);

/// A key below a root; `None` where there is none.
pub(super) fn open(root: Root, path: &str) -> io::Result<Option<Key>> {
    let (root, view) = match root {
        Root::Machine => (HKEY_LOCAL_MACHINE, KEY_WOW64_64KEY),
        Root::Machine32 => (HKEY_LOCAL_MACHINE, KEY_WOW64_32KEY),
        Root::Users => (HKEY_USERS, KEY_WOW64_64KEY),
    };
    let mut key = HKEY::default();
    // SAFETY: the text outlives the call; the handle is ours once it succeeds.
    let opened = unsafe { RegOpenKeyExW(root, &HSTRING::from(path), None, KEY_READ | view, &raw mut key) };
    if is_missing(opened) {
        return Ok(None);
    }
    opened.ok()?;
    // SAFETY: the handle was opened just now, and nobody else closes it.
    Ok(Some(Key(unsafe { Owned::new(key) })))
}

fn is_missing(code: WIN32_ERROR) -> bool {
    code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND
}

impl Key {
    /// A key below this one; `None` where there is none.
    pub(super) fn open(&self, path: &str) -> io::Result<Option<Self>> {
        let mut key = HKEY::default();
        // SAFETY: this key is open and the text outlives the call; the handle is ours once it succeeds.
        let opened = unsafe { RegOpenKeyExW(*self.0, &HSTRING::from(path), None, KEY_READ, &raw mut key) };
        if is_missing(opened) {
            return Ok(None);
        }
        opened.ok()?;
        // SAFETY: the handle was opened just now, and nobody else closes it.
        Ok(Some(Self(unsafe { Owned::new(key) })))
    }

    /// Names of the keys below.
    pub(super) fn keys(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        let mut name = vec![0_u16; NAME_UNITS];
        for at in 0..ENTRIES_LIMIT {
            let mut units = name.len() as u32;
            let buffer = PWSTR(name.as_mut_ptr());
            // SAFETY: the key is open, and the buffer is ours and `units` says how long it is.
            let next = unsafe { RegEnumKeyExW(*self.0, at, Some(buffer), &raw mut units, None, None, None, None) };
            if next == ERROR_NO_MORE_ITEMS {
                return Ok(names);
            }
            next.ok()?;
            names.push(text_of(&name, units as usize));
        }
        Err(io::Error::other(format!("a key has more than {ENTRIES_LIMIT} keys")))
    }

    /// Its values by their names; the unnamed one has an empty name.
    pub(super) fn values(&self) -> io::Result<Vec<(String, Data)>> {
        let mut values = Vec::new();
        let mut name = vec![0_u16; NAME_UNITS];
        let mut data = vec![0_u8; DATA_BYTES];
        for at in 0..ENTRIES_LIMIT {
            let (mut units, mut bytes, mut kind) = (name.len() as u32, data.len() as u32, 0);
            // SAFETY: the key is open; both buffers are ours and the numbers say how long they are.
            let next = unsafe {
                RegEnumValueW(
                    *self.0,
                    at,
                    Some(PWSTR(name.as_mut_ptr())),
                    &raw mut units,
                    None,
                    Some(&raw mut kind),
                    Some(data.as_mut_ptr()),
                    Some(&raw mut bytes),
                )
            };
            if next == ERROR_NO_MORE_ITEMS {
                return Ok(values);
            }
            let name = text_of(&name, units as usize);
            if next == ERROR_MORE_DATA {
                values.push((name, Data::Other));
                continue;
            }
            next.ok()?;
            let data = data.get(..bytes as usize).unwrap_or_default();
            values.push((name, data_of(REG_VALUE_TYPE(kind), data)));
        }
        Err(io::Error::other(format!("a key has more than {ENTRIES_LIMIT} values")))
    }

    /// One value; `None` where there is none.
    pub(super) fn value(&self, name: &str) -> io::Result<Option<Data>> {
        let mut data = vec![0_u8; DATA_BYTES];
        let (mut bytes, mut kind) = (data.len() as u32, REG_VALUE_TYPE::default());
        // SAFETY: the key is open; the buffer is ours and `bytes` says how long it is.
        let read = unsafe {
            RegQueryValueExW(
                *self.0,
                &HSTRING::from(name),
                None,
                Some(&raw mut kind),
                Some(data.as_mut_ptr()),
                Some(&raw mut bytes),
            )
        };
        if is_missing(read) {
            return Ok(None);
        }
        if read == ERROR_MORE_DATA {
            return Ok(Some(Data::Other));
        }
        read.ok()?;
        Ok(Some(data_of(kind, data.get(..bytes as usize).unwrap_or_default())))
    }

    /// A text as it stands, variables in it too; empty where there is none.
    pub(super) fn text(&self, name: &str) -> io::Result<String> {
        Ok(match self.value(name)? {
            Some(Data::Text(text)) => text,
            _ => String::new(),
        })
    }

    pub(super) fn number(&self, name: &str) -> io::Result<Option<u32>> {
        Ok(match self.value(name)? {
            Some(Data::Number(number)) => Some(number),
            _ => None,
        })
    }

    /// A text as people see it, which may lie in a program's resources (`@tcpip.dll,-100`).
    pub(super) fn display_text(&self, name: &str) -> io::Result<String> {
        let text = self.text(name)?;
        if !text.starts_with('@') {
            return Ok(text);
        }
        let mut shown = vec![0_u16; RESOURCE_UNITS];
        // SAFETY: the key is open, and the buffer is ours and its length is given, in bytes.
        let loaded = unsafe {
            RegLoadMUIStringW(
                *self.0,
                &HSTRING::from(name),
                Some(PWSTR(shown.as_mut_ptr())),
                (shown.len() * 2) as u32,
                None,
                0,
                PCWSTR::null(),
            )
        };
        let end = shown.iter().position(|&unit| unit == 0).unwrap_or(shown.len());
        Ok(if loaded == ERROR_SUCCESS && end > 0 {
            text_of(&shown, end)
        } else {
            text
        })
    }
}

fn text_of(units: &[u16], length: usize) -> String {
    String::from_utf16_lossy(units.get(..length).unwrap_or_default())
}

fn data_of(kind: REG_VALUE_TYPE, data: &[u8]) -> Data {
    match kind {
        REG_DWORD => match data.try_into() {
            Ok(bytes) => Data::Number(u32::from_le_bytes(bytes)),
            Err(_) => Data::Other,
        },
        REG_SZ | REG_EXPAND_SZ | REG_MULTI_SZ => {
            let units: Vec<u16> = data
                .chunks_exact(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                .collect();
            let text = String::from_utf16_lossy(&units);
            let lines: Vec<&str> = text.split('\0').take_while(|line| !line.is_empty()).collect();
            let lines = if kind == REG_MULTI_SZ {
                &lines[..]
            } else {
                lines.get(..1).unwrap_or_default()
            };
            Data::Text(lines.join("\n"))
        }
        _ => Data::Other,
    }
}
