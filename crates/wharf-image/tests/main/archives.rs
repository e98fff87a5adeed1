//! What is an archive, and what is said of what is none.

use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use wharf_image::Archive;

use crate::samples::{Layout, docker_archive, tar};

fn refused(path: &Path) -> String {
    Archive::open(path).unwrap_err().to_string()
}

#[test]
fn a_saved_image_has_the_same_digest_each_time_it_is_opened() {
    let at = tempfile::tempdir().unwrap();
    let path = docker_archive(at.path(), &[b"first layer", b"second layer"]);
    let (one, two) = (Archive::open(&path).unwrap(), Archive::open(&path).unwrap());
    assert_eq!(one.digest(), two.digest());
    assert!(one.platforms().eq(["linux/amd64"]));
    let other = docker_archive(at.path(), &[b"first layer", b"another layer"]);
    assert_ne!(one.digest(), Archive::open(&other).unwrap().digest());
}

#[test]
fn a_layout_keeps_its_digest_as_a_directory_and_as_a_compressed_tar() {
    let at = tempfile::tempdir().unwrap();
    let mut layout = Layout::default();
    let amd = layout.image("amd64", &[b"layer"]);
    let arm = layout.image("arm64", &[b"layer", b"more"]);
    let index = layout.index(&[amd, arm]);
    let wanted = index["digest"].as_str().unwrap().to_owned();
    let directory = layout.write(at.path(), &[index]);
    let opened = Archive::open(&directory).unwrap();
    assert_eq!(opened.digest(), wanted);
    assert!(opened.platforms().eq(["linux/amd64", "linux/arm64"]));

    let packed = at.path().join("layout.tar.gz");
    let file = GzEncoder::new(std::fs::File::create(&packed).unwrap(), Compression::fast());
    let mut archive = tar::Builder::new(file);
    archive.append_dir_all(".", &directory).unwrap();
    archive.into_inner().unwrap().finish().unwrap();
    assert_eq!(Archive::open(&packed).unwrap().digest(), wanted);
}

#[test]
fn links_within_an_archive_are_followed() {
    let at = tempfile::tempdir().unwrap();
    let path = at.path().join("linked.tar");
    let mut archive = tar::Builder::new(std::fs::File::create(&path).unwrap());
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, bytes).unwrap();
    };
    let manifest = json!([{ "Config": "c.json", "Layers": ["a/layer.tar", "b/layer.tar"] }]);
    add("manifest.json", manifest.to_string().as_bytes());
    add("c.json", &crate::samples::config("arm64"));
    add("a/layer.tar", b"the layer");
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    archive.append_link(&mut link, "b/layer.tar", "../a/layer.tar").unwrap();
    drop(archive.into_inner().unwrap());
    assert!(Archive::open(&path).unwrap().platforms().eq(["linux/arm64"]));
}

#[test]
fn what_is_no_archive_is_said_to_be_none() {
    let at = tempfile::tempdir().unwrap();
    assert!(refused(&at.path().join("missing.tar")).contains("missing.tar"));
    assert!(refused(at.path()).contains("neither `index.json` nor `manifest.json`"));
    let text = at.path().join("text");
    std::fs::write(&text, "FROM scratch\n").unwrap();
    assert!(refused(&text).contains("is no image archive"), "{}", refused(&text));
    let cut = at.path().join("cut.tar");
    let whole = std::fs::read(docker_archive(at.path(), &[&[7; 4000]])).unwrap();
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    assert!(refused(&cut).contains("cut.tar"), "{}", refused(&cut));
}

#[test]
fn a_damaged_archive_is_not_pushed_in_part() {
    let at = tempfile::tempdir().unwrap();
    let missing = at.path().join("missing-layer.tar");
    let manifest = json!([{ "Config": "c.json", "Layers": ["gone.tar"] }]).to_string();
    tar(&missing, &[("manifest.json", manifest.as_bytes()), ("c.json", b"{}")]);
    assert!(refused(&missing).contains("`gone.tar` is not in it"));

    let mut layout = Layout::default();
    let image = layout.image("amd64", &[b"layer"]);
    let config = layout.files.iter_mut().find(|(_, bytes)| bytes.starts_with(b"{\"arch")).unwrap();
    config.1.push(b' ');
    let path = layout.write(at.path(), &[image]);
    assert!(refused(&path).contains("is not what its name says"), "{}", refused(&path));
}

#[test]
fn several_images_are_named() {
    let at = tempfile::tempdir().unwrap();
    let mut layout = Layout::default();
    let mut one = layout.image("amd64", &[b"one"]);
    one["annotations"] = json!({ "org.opencontainers.image.ref.name": "web:v1" });
    let two = layout.image("amd64", &[b"two"]);
    let path = layout.write(at.path(), &[one, two]);
    let said = refused(&path);
    assert!(said.contains("2 images") && said.contains("web:v1"), "{said}");
}

#[test]
fn names_that_lead_out_of_the_archive_are_not_followed() {
    let at = tempfile::tempdir().unwrap();
    std::fs::write(at.path().join("outside"), "secret").unwrap();
    let inside = at.path().join("inside");
    std::fs::create_dir(&inside).unwrap();
    let manifest = json!([{ "Config": "../outside", "Layers": [] }]).to_string();
    std::fs::write(inside.join("manifest.json"), manifest).unwrap();
    assert!(refused(&inside).contains("`../outside` is not in it"));
}
