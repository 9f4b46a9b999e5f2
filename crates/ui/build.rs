//! Builds again when the web interface was built again. It is built by `make web`, never here: a Rust build asks no
//! network and needs no Node.js.

fn main() {
    println!("cargo::rerun-if-changed=../../web/dist");
}
