use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;

/// An IDX file of zeros.
fn idx(dimensions: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dimensions.len() as u8];
    bytes.extend(dimensions.iter().flat_map(|d| d.to_be_bytes()));
    bytes.extend(vec![0; dimensions.iter().product::<u32>() as usize]);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A folder whose first file has this content.
fn folder(content: &[u8], compressed: bool) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let ending = if compressed { ".gz" } else { "" };
    fs::write(folder.path().join(format!("{}{ending}", TRAINING_IMAGES.name)), content).unwrap();
    folder
}

fn message(folder: &TempDir) -> String {
    let message = load(&Selection::default(), Some(folder.path())).unwrap_err().to_string();
    message.replace(&*folder.path().to_string_lossy(), "DIR")
}

#[test]
fn missing_files_are_named_with_the_places_and_the_command() {
    let empty = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(message(&empty), @"Fashion-MNIST was not found in DIR or DIR/fashion-mnist; obtain it with `scripts/fetch-fashion-mnist --dir 'DIR'`");

    let (usual, command) = places(None, None);
    assert_eq!(usual, [Path::new(FETCHED), Path::new(DEBIAN)]);
    assert_eq!(command, COMMANDS);
    let (environment, _) = places(None, Some(OsStr::new("/data")));
    assert_eq!(environment, [Path::new("/data"), Path::new("/data/fashion-mnist")]);
    assert_eq!(places(Some(Path::new("/data")), Some(OsStr::new("/other"))).0, environment);

    let lacking = folder(&idx(&[1, 28, 28]), false);
    let found = Folder::find(Some(lacking.path()), None).unwrap();
    let error = found.read(&TEST_LABELS).unwrap_err().to_string();
    assert!(error.contains("t10k-labels-idx1-ubyte was not found in"), "{error}");
}

#[test]
fn truncated_files_are_named_as_such() {
    let whole = idx(&[2, 28, 28]);
    insta::assert_snapshot!(message(&folder(&whole[..900], false)), @"DIR/train-images-idx3-ubyte: the file is truncated (900 bytes instead of 1584); fetch it again with `scripts/fetch-fashion-mnist --dir 'DIR'`");
    insta::assert_snapshot!(message(&folder(&whole[..9], false)), @"DIR/train-images-idx3-ubyte: the file is truncated (9 bytes instead of a header of 16 and the values); fetch it again with `scripts/fetch-fashion-mnist --dir 'DIR'`");
    insta::assert_snapshot!(message(&folder(&gzip(&whole)[..20], true)), @"DIR/train-images-idx3-ubyte.gz: the file is truncated (its compressed data end early); fetch it again with `scripts/fetch-fashion-mnist --dir 'DIR'`");
    for length in 0..whole.len() {
        let error = check(&whole[..length], 3).unwrap_err();
        assert!(error.contains("truncated"), "{length}: {error}");
    }
    assert!(decompress(b"junk").unwrap_err().contains("not compressed with gzip"));
    let compressed = gzip(&whole);
    for length in 0..compressed.len() {
        let error = decompress(&compressed[..length]).unwrap_err();
        assert!(error.contains("truncated"), "{length}: {error}");
    }
}

#[test]
fn a_wrong_magic_number_or_length_is_named_as_such() {
    insta::assert_snapshot!(message(&folder(&idx(&[2]), false)), @"DIR/train-images-idx3-ubyte: wrong magic number 0x00000801 instead of 0x00000803; fetch it again with `scripts/fetch-fashion-mnist --dir 'DIR'`");
    let mut long = idx(&[2, 28, 28]);
    long.push(0);
    insta::assert_snapshot!(message(&folder(&long, false)), @"DIR/train-images-idx3-ubyte: the file is too long (1585 bytes instead of 1584); fetch it again with `scripts/fetch-fashion-mnist --dir 'DIR'`");
    // Dimensions whose product overflows 64 bits.
    let mut huge = vec![0, 0, 8, 3];
    huge.extend([0xff; 12]);
    assert!(check(&huge, 3).unwrap_err().contains("truncated"));
}

#[test]
fn a_file_with_another_content_is_named_as_such() {
    insta::assert_snapshot!(message(&folder(&idx(&[2, 28, 28]), false)), @"DIR/train-images-idx3-ubyte: the content is not that of Fashion-MNIST (sha256 12878cea1d1793cf2f4ef7e93a8adcc01bc824c4ac287a264710a7b561342584 instead of c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888); fetch it again with `scripts/fetch-fashion-mnist --dir 'DIR'`");
    let mut compressed = gzip(&idx(&[2, 28, 28]));
    let middle = compressed.len() / 2;
    compressed[middle] ^= 1;
    insta::assert_snapshot!(message(&folder(&compressed, true)), @"DIR/train-images-idx3-ubyte.gz: the file cannot be decompressed (corrupt deflate stream); fetch it again with `scripts/fetch-fashion-mnist --dir 'DIR'`");
}

#[test]
fn images_are_filtered_pooled_and_scaled() {
    let mut images = vec![0; 3 * SIDE * SIDE];
    // Second image: its last pixel; third image: two pixels of the pooled pixel (1, 0).
    images[2 * SIDE * SIDE - 1] = 255;
    images[2 * SIDE * SIDE + 2 * SIDE + 1] = 51;
    images[2 * SIDE * SIDE + 3 * SIDE] = 204;
    let found = Selection::default().examples(&images, &[4, 0, 3]);
    assert_eq!(*found.targets(), Targets::Classes { labels: vec![0, 3], classes: 4 });
    let mut expected = Array2::from_elem((2, 196), -1.0);
    expected[(0, 195)] = 1.0;
    expected[(1, POOLED)] = (204.0 / 255.0 - 0.5) / 0.5;
    assert_eq!(found.inputs(), expected);

    let whole = Selection { classes: vec![3, 9, 4], pooled: false };
    let found = whole.examples(&images, &[4, 0, 3]);
    assert_eq!(*found.targets(), Targets::Classes { labels: vec![2, 0], classes: 3 });
    let mut expected = Array2::from_elem((2, 784), -1.0);
    expected[(1, 2 * SIDE + 1)] = (51.0 / 255.0 - 0.5) / 0.5;
    expected[(1, 3 * SIDE)] = (204.0 / 255.0 - 0.5) / 0.5;
    assert_eq!(found.inputs(), expected);
}

/// On a machine that has the files.
#[test]
fn the_real_files_load_and_a_flipped_byte_in_them_is_found() {
    let Ok(found) = Folder::find(None, None) else {
        eprintln!("SKIPPED: Fashion-MNIST is not on this machine; run `{COMMAND}`");
        return;
    };
    let paper = found.load(&Selection::default()).unwrap();
    let all = Selection { classes: (0..CLASSES).collect(), pooled: false };
    let all = found.load(&all).unwrap();
    for (data, classes, pixels) in [(&paper, 4, 196), (&all, 10, 784)] {
        let [validation, test] = [&data.validation, &data.test].map(|set| set.as_ref().unwrap());
        for (examples, per_class) in [(&data.training, 6000), (validation, 250), (test, 750)] {
            assert_eq!(examples.inputs().dim(), (classes * per_class, pixels));
            assert!(examples.inputs().iter().all(|x| (-1.0..=1.0).contains(x)));
        }
        let Targets::Classes { labels, .. } = data.training.targets() else { unreachable!() };
        for class in 0..classes {
            assert_eq!(labels.iter().filter(|&&label| label == class).count(), 6000);
        }
    }
    // The first image of all is of class 9; the largest of each four pixels is what is pooled.
    let Targets::Classes { labels, .. } = all.training.targets() else { unreachable!() };
    assert_eq!(labels[..4], [9, 0, 0, 3]);
    let (one, pooled) = (all.training.inputs().row(1).to_vec(), paper.training.inputs());
    let square = |pixel: usize| [0, 1, SIDE, SIDE + 1].map(|next| one[2 * pixel + next]);
    for (column, &pixel) in pooled.row(0).iter().take(POOLED).enumerate() {
        assert_eq!(square(column).into_iter().fold(-1.0, f64::max), pixel);
    }

    let (path, compressed) = located(&found.path, &TEST_LABELS).unwrap();
    let mut bytes = fs::read(path).unwrap();
    if compressed {
        bytes = decompress(&bytes).unwrap();
    }
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let doctored = tempfile::tempdir().unwrap();
    fs::write(doctored.path().join(TEST_LABELS.name), bytes).unwrap();
    let error = Folder::find(Some(doctored.path()), None).unwrap().read(&TEST_LABELS).unwrap_err();
    assert!(error.to_string().contains("the content is not that of Fashion-MNIST"), "{error}");
}
