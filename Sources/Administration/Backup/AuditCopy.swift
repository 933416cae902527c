import Base
import FoundationEssentials
import Glibc
import Storage

/// The audit log on its way into a backup, while its files may be renamed: `audit.jsonl` becomes
/// `audit.jsonl.1`, that one `audit.jsonl.2`, and so on.
struct AuditCopy {
    private static let current = "audit.jsonl"

    let source: String
    let target: String
    let transfer: FileTransfer

    /// Brings the newest file first, and goes on as long as there are older ones: one that is
    /// renamed meanwhile is met again under a higher number, and is known by its inode.
    func run() throws {
        var seen: Set<UInt64> = []
        var number = 0
        while true {
            let name = number == 0 ? Self.current : "\(Self.current).\(number)"
            let path = "\(source)/\(name)"
            if let facts = FileStatus(at: path) {
                let isNew = !seen.contains(facts.inode)
                // Lines are appended to it.
                if isNew { _ = try transfer.bring(path, to: "\(target)/\(name)", mayLink: false) }
                // Another may have taken its name, and been brought in its place.
                if isNew, FileStatus(at: path)?.inode != facts.inode {
                    unlink("\(target)/\(name)")
                    continue
                }
                seen.insert(facts.inode)
            } else if number > highest() {
                // One that is missing below the highest is on its way up.
                return
            }
            number += 1
        }
    }

    private func highest() -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: source)) ?? []
        return names.compactMap { Int($0.dropFirst(Self.current.count + 1)) }.max() ?? 0
    }
}
