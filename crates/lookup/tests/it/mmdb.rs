//! Writes small files in the MaxMind DB format (maxmind.github.io/MaxMind-DB): IPv4 networks and what is said of them.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

const RECORD_BITS: u64 = 32;
const TYPE_STRING: u8 = 2;
const TYPE_UINT16: u8 = 5;
const TYPE_UINT32: u8 = 6;
const TYPE_MAP: u8 = 7;
/// Behind the tree, in front of the data.
const SEPARATOR: usize = 16;

#[derive(Clone, Copy)]
enum Next {
    Nothing,
    Node(usize),
    Data(usize),
}

/// A file with these networks: address, bits, value.
pub(crate) fn file(kind: &str, networks: &[(&str, u8, Value)]) -> Vec<u8> {
    let mut nodes = vec![[Next::Nothing; 2]];
    let mut data = Vec::new();
    for (address, bits, value) in networks {
        let address: Ipv4Addr = address.parse().unwrap();
        let offset = data.len();
        write(&mut data, value);
        add(&mut nodes, address.to_bits(), *bits, offset);
    }
    let count = nodes.len();
    let mut bytes = Vec::new();
    for next in nodes.iter().flatten() {
        let record = match *next {
            Next::Nothing => count,
            Next::Node(node) => node,
            Next::Data(offset) => count + SEPARATOR + offset,
        };
        bytes.extend_from_slice(&u32::try_from(record).unwrap().to_be_bytes());
    }
    bytes.extend_from_slice(&[0; SEPARATOR]);
    bytes.extend_from_slice(&data);
    bytes.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    let metadata = json!({"node_count": count, "record_size": RECORD_BITS, "ip_version": 4, "database_type": kind,
        "languages": {}, "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1,
        "description": {"en": "a test"}});
    write(&mut bytes, &metadata);
    bytes
}

fn add(nodes: &mut Vec<[Next; 2]>, address: u32, bits: u8, offset: usize) {
    let mut node = 0;
    for bit in 0..bits {
        let side = usize::from(address >> (31 - bit) & 1 == 1);
        if bit + 1 == bits {
            nodes[node][side] = Next::Data(offset);
            return;
        }
        node = if let Next::Node(next) = nodes[node][side] {
            next
        } else {
            nodes.push([Next::Nothing; 2]);
            let next = nodes.len() - 1;
            nodes[node][side] = Next::Node(next);
            next
        };
    }
}

/// Texts and maps are short here.
fn write(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::String(text) => {
            control(bytes, TYPE_STRING, text.len());
            bytes.extend_from_slice(text.as_bytes());
        }
        Value::Number(number) => {
            let number = u32::try_from(number.as_u64().unwrap()).unwrap();
            control(bytes, TYPE_UINT32, 4);
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        // The list of languages: an array, whose type is an extended one.
        Value::Object(map) if map.is_empty() => bytes.extend_from_slice(&[0, 11 - 7]),
        Value::Object(map) => {
            control(bytes, TYPE_MAP, map.len());
            for (name, value) in map {
                write(bytes, &Value::from(name.as_str()));
                match name.as_str() {
                    "record_size" | "ip_version" | "binary_format_major_version" | "binary_format_minor_version" => {
                        control(bytes, TYPE_UINT16, 2);
                        bytes.extend_from_slice(&u16::try_from(value.as_u64().unwrap()).unwrap().to_be_bytes());
                    }
                    "build_epoch" => {
                        // An extended type: 9 is a number of 64 bits.
                        bytes.extend_from_slice(&[8, 9 - 7]);
                        bytes.extend_from_slice(&value.as_u64().unwrap().to_be_bytes());
                    }
                    _ => write(bytes, value),
                }
            }
        }
        other => panic!("{other}"),
    }
}

fn control(bytes: &mut Vec<u8>, kind: u8, size: usize) {
    if size < 29 {
        bytes.push(kind << 5 | u8::try_from(size).unwrap());
    } else {
        bytes.extend_from_slice(&[(kind << 5) | 0b1_1101, u8::try_from(size - 29).unwrap()]);
    }
}
