//! Where a run keeps its things, and what takes everything away again however the run ends.

use nix::sys::statvfs::statvfs;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Waits until its input ends, which it does when the test is gone, even if that was killed. Then
/// whatever works in the directory is killed, and the directory goes.
const SCRIPT: &str = r#"
read -r nothing
for process in /proc/[0-9]*; do
    case $(readlink "$process/cwd") in
        "$1"*) kill -9 "${process#/proc/}"; rm -f /dev/shm/*faketime*_"${process#/proc/}" ;;
    esac
done
sleep 0.2
umount -l "$1/disk"
rm -rf "$1"
"#;
/// How large the file system may grow while it is not full.
const ROOM: &str = "size=4g";

/// A directory of the run's own. All its processes work in it or below it.
pub struct Place {
    path: PathBuf,
    leash: Child,
}

impl Place {
    pub fn make(name: &str) -> Self {
        let path = env::temp_dir().join(format!("threadpay-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        let path = path.canonicalize().unwrap();
        let leash = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "threadpay-leash"])
            .arg(&path)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { path, leash }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.leash.stdin.take());
        let _ = self.leash.wait();
    }
}

/// A file system for the database alone, which can be made full without harm to others.
pub struct Disk {
    path: PathBuf,
    /// Whether it is one: to mount takes root.
    pub can_be_full: bool,
}

impl Disk {
    pub fn make(place: &Place) -> Self {
        let path = place.path().join("disk");
        fs::create_dir(&path).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", ROOM, "threadpay-faults"]);
        let can_be_full = succeeds(mount.arg(&path));
        Self { path, can_be_full }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves no room for anything that is not there yet.
    pub fn fill(&self) {
        // What is written in between makes the new size too small, which is refused.
        for _ in 0..20 {
            let now = statvfs(&self.path).unwrap();
            let used = (now.blocks() - now.blocks_free()) * now.fragment_size();
            if self.remount(&format!("size={used}")) {
                return;
            }
        }
    }

    pub fn free(&self) {
        assert!(self.remount(ROOM), "the disk stays full");
    }

    fn remount(&self, size: &str) -> bool {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,{size}")]);
        succeeds(mount.arg(&self.path))
    }
}

fn succeeds(command: &mut Command) -> bool {
    let output = command.stdin(Stdio::null()).output();
    output.is_ok_and(|output| output.status.success())
}
