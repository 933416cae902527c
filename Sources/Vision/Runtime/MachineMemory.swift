import FoundationEssentials
import Glibc

/// The memory that this process may have.
enum MachineMemory {
    /// Bytes of the machine, or of the control group that the process is in (`MemoryMax=` of its
    /// unit, a container's limit), whichever are fewer. Read once.
    static let bytes: Double = {
        let machine = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
        return min(machine > 0 ? machine : .infinity, groupLimit() ?? .infinity)
    }()

    /// The least limit of the group and of those around it; nil without control groups of
    /// version 2, or without a limit.
    private static func groupLimit() -> Double? {
        guard let text = try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("0::/") })
        else { return nil }
        var path = String(line.dropFirst(3))
        var least: Double?
        while true {
            let file = "/sys/fs/cgroup\(path)/memory.max"
            if let limit = try? String(contentsOfFile: file, encoding: .utf8),
                let number = Double(limit.filter { !$0.isWhitespace })
            {
                least = min(least ?? .infinity, number)
            }
            guard let slash = path.lastIndex(of: "/") else { return least }
            path = String(path[..<slash])
        }
    }
}
