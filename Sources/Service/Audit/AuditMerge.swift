import FoundationEssentials

/// Lines of several objects in the order of time. Pure.
struct AuditMerge {
    private struct Opened {
        let key: String
        private var rest: Data
        private(set) var line = Data()
        /// Of the line, and never earlier than that of the line before it.
        private(set) var time: String

        init?(_ key: String, _ bytes: Data, from time: String) {
            self.key = key
            self.time = time
            rest = bytes
            guard advance() else { return nil }
        }

        /// - Returns: false at the end.
        mutating func advance() -> Bool {
            guard !rest.isEmpty else { return false }
            let end = rest.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? rest.endIndex
            line = rest[..<end]
            rest = rest[end...]
            if let own = AuditLine.time(of: line) { time = max(time, own) }
            return true
        }
    }

    private var opened: [Opened] = []

    /// - Parameter time: of the first line, as the key has it.
    mutating func add(_ key: String, _ bytes: Data, from time: String) {
        if let object = Opened(key, bytes, from: time) { opened.append(object) }
    }

    /// Hands out the lines before `time`, or all that are left; those of one second in the order of
    /// keys.
    mutating func emit(before time: String?, _ body: (Data) throws -> Void) rethrows {
        while let first = opened.indices.min(by: { isBefore(opened[$0], opened[$1]) }) {
            if let time, opened[first].time >= time { return }
            try body(opened[first].line)
            if !opened[first].advance() { opened.remove(at: first) }
        }
    }

    private func isBefore(_ left: Opened, _ right: Opened) -> Bool {
        (left.time, left.key) < (right.time, right.key)
    }
}
