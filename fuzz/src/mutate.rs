//! Small changes to bytes.

use watchpost_kit::Rng;

/// Numbers at which lengths and offsets go wrong.
const EDGES: [u64; 9] = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, u64::MAX];
/// No input grows beyond this.
const BYTES_MAX: usize = 1 << 20;

/// One to four changes; `other` is another input to take pieces from.
pub(crate) fn mutate(bytes: &mut Vec<u8>, other: &[u8], rng: &mut Rng) {
    for _ in 0..=rng.below(4) {
        change(bytes, other, rng);
    }
    bytes.truncate(BYTES_MAX);
}

fn change(bytes: &mut Vec<u8>, other: &[u8], rng: &mut Rng) {
    let at = rng.below(bytes.len() as u64 + 1) as usize;
    let length = 1 + rng.below(32) as usize;
    let end = (at + length).min(bytes.len());
    match rng.below(9) {
        0 | 1 => flip(bytes, at, rng),
        2 => overwrite(
            bytes,
            at,
            &EDGES[rng.below(9) as usize].to_le_bytes()[..1 << rng.below(4)],
        ),
        3 => {
            bytes.drain(at..end);
        }
        4 => {
            let piece = bytes[at..end].to_vec();
            bytes.splice(at..at, piece);
        }
        5 => bytes.truncate(at),
        6 => {
            let piece = piece_of(other, length, rng);
            bytes.splice(at..at, piece);
        }
        7 => {
            let piece = piece_of(other, length, rng);
            overwrite(bytes, at, &piece);
        }
        _ => {
            let noise: Vec<u8> = (0..length).map(|_| rng.below(256) as u8).collect();
            overwrite(bytes, at, &noise);
        }
    }
}

fn flip(bytes: &mut [u8], at: usize, rng: &mut Rng) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << rng.below(8);
    }
}

fn overwrite(bytes: &mut [u8], at: usize, with: &[u8]) {
    for (byte, new) in bytes.iter_mut().skip(at).zip(with) {
        *byte = *new;
    }
}

fn piece_of(other: &[u8], length: usize, rng: &mut Rng) -> Vec<u8> {
    let from = rng.below(other.len() as u64 + 1) as usize;
    other[from..(from + length).min(other.len())].to_vec()
}
