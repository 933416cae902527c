import Base
import Storage
import Vision

/// Which models are in memory, within a bound of bytes: who is used, who goes when another needs
/// room. No clock, no I/O.
///
///     entered ──reserve──▶ loading ──fill──▶ in memory ──evicted, unloaded──▶ gone
///        ▲                    │                 │
///        ╰──────abandon───────╯    enter, leave ╯
///
/// - Our bug: leaving what was not entered; reserving, filling or abandoning what the caller has
///   not entered.
/// - Benign race: a model that is unloaded while calls use it goes with the last of them, unless
///   one more has come for it meanwhile.
///
/// What leaves memory is handed to the caller, who lets it go outside of any lock.
struct ModelCache<Model: Sendable>: Sendable {
    private struct Entry: Sendable {
        var admission: Admission
        var units: Int
        /// nil before it is loaded.
        var model: Model?
        /// Counted from the moment when it begins to load.
        var bytes = 0
        /// Calls that run or wait, and loads.
        var users = 0
        var lastUse = 0
        var isUnwanted = false
    }

    let bytesMax: Int
    private var entries: [ModelKey: Entry] = [:]
    private var uses = 0
    /// Of the models in memory and of those that are being loaded.
    private(set) var bytes = 0
    private(set) var loads = 0
    private(set) var evictions = 0

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// In memory, in no order.
    var keys: [ModelKey] { entries.filter { $0.value.model != nil }.map(\.key) }

    func model(_ key: ModelKey) -> Model? { entries[key]?.model }

    func admission(_ key: ModelKey) -> Admission? { entries[key]?.admission }

    /// Keeps the model in memory until `leave`, once it is there.
    ///
    /// - Parameter units: runs at once; those that were let in before go on beside them.
    mutating func enter(_ key: ModelKey, units: Int) -> Admission {
        uses += 1
        var entry =
            entries[key] ?? Entry(admission: Self.admission(units: units), units: units)
        if entry.units != units {
            entry.units = units
            entry.admission = Self.admission(units: units)
        }
        entry.users += 1
        entry.lastUse = uses
        entry.isUnwanted = false
        entries[key] = entry
        return entry.admission
    }

    /// - Returns: a model that nobody wants any more.
    mutating func leave(_ key: ModelKey) -> Model? {
        guard var entry = entries[key] else { return nil }
        entry.users -= 1
        entries[key] = entry
        guard entry.users == 0, entry.isUnwanted || entry.model == nil else { return nil }
        return remove(key)
    }

    /// Makes room for a model that is to be loaded. Those in use stay; the others go, the one that
    /// was used longest ago first, if that makes room. A model larger than the bound is let in when
    /// it is alone.
    ///
    /// - Parameter evicting: whether others may go for it.
    /// - Returns: what went; nil when there is no room.
    mutating func reserve(_ key: ModelKey, bytes wanted: Int, evicting: Bool) -> [Model]? {
        let idle =
            evicting
            ? entries.filter { $0.value.users == 0 }.sorted { $0.value.lastUse < $1.value.lastUse }
            : []
        let kept = bytes - idle.reduce(0) { $0 + $1.value.bytes }
        guard kept == 0 || kept + wanted <= bytesMax else { return nil }
        var gone: [Model] = []
        for (key, _) in idle {
            if bytes + wanted <= bytesMax { break }
            if let model = remove(key) { gone.append(model) }
            evictions += 1
        }
        entries[key]?.bytes = wanted
        bytes += wanted
        return gone
    }

    /// A model that was reserved for is there.
    mutating func fill(_ key: ModelKey, _ model: Model) {
        loads += 1
        entries[key]?.model = model
    }

    /// A model that was reserved for could not be loaded.
    mutating func abandon(_ key: ModelKey) {
        bytes -= entries[key]?.bytes ?? 0
        entries[key]?.bytes = 0
    }

    /// - Returns: the model, unless calls still use it.
    mutating func unload(_ key: ModelKey) -> Model? {
        guard let entry = entries[key] else { return nil }
        if entry.users == 0 { return remove(key) }
        entries[key]?.isUnwanted = true
        return nil
    }

    /// Whatever files its row named.
    mutating func unload(_ project: String, _ version: Int) -> [Model] {
        entries.keys.filter { $0.project == project && $0.version == version }.compactMap {
            unload($0)
        }
    }

    private mutating func remove(_ key: ModelKey) -> Model? {
        let entry = entries.removeValue(forKey: key)
        bytes -= entry?.bytes ?? 0
        return entry?.model
    }

    private static func admission(units: Int) -> Admission {
        let units = min(units, Limits.inferenceUnitsMax)
        return Admission(
            runningMax: units, waitingMax: units * Limits.waitingCallsPerUnit,
            waitingBytesMax: Limits.waitingBytesMax)
    }
}
