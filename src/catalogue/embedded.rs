//! One line for each file under `catalogue/`; a test finds what is missing.

macro_rules! kinds {
    ($($path:literal),* $(,)?) => {
        /// Paths below `catalogue/` and texts of all embedded kinds.
        pub const EMBEDDED: &[(&str, &str)] =
            &[$(($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/catalogue/", $path)))),*];
    };
}

kinds! {
    "core/cache.yaml",
    "core/service.yaml",
    "core/store.yaml",
    "core/third-party.yaml",
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn files(folder: &Path, prefix: &str, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() { files(&entry.path(), &format!("{name}/"), found) } else { found.push(name) }
        }
    }

    #[test]
    fn every_file_of_the_catalogue_is_embedded() {
        let mut found = Vec::new();
        files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogue"), "", &mut found);
        found.sort();
        let embedded: Vec<&str> = EMBEDDED.iter().map(|(path, _)| *path).collect();
        assert_eq!(embedded, found);
    }
}
