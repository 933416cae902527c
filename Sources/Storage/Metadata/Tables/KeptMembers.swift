import Base
import FoundationEssentials
import Wire

/// Members of a row's document that a newer program wrote and this one does not know. They stay
/// when this program saves the record, so that programs of two versions may write to one row.
extension MetadataTransaction {
    /// A record as its column keeps it, with the members of the document in its place that its
    /// type does not know. Members within members are kept as well, those within lists are not: no
    /// item of the new list need be one of the old.
    ///
    /// - Parameters:
    ///   - sql: selects the document that is to be replaced, by its key.
    ///   - key: the parameters of `sql`.
    func document<Record: Codable>(
        _ record: Record, replacing sql: String, _ key: SQLArguments
    ) throws -> String {
        guard let present = try row(sql, key, { $0.bytes(0) ?? Data() }) else {
            return try document(record)
        }
        return try KeptMembers.document(record, replacing: present)
    }
}

enum KeptMembers {
    /// As the method of `MetadataTransaction`.
    ///
    /// - Parameter present: the document that is to be replaced.
    static func document<Record: Codable>(_ record: Record, replacing present: Data) throws
        -> String
    {
        let text = try JSONCoding.text(record)
        // What the type knows comes back when it is read and written.
        let known = try JSONCoding.encode(JSONCoding.decode(Record.self, from: present))
        if known == present { return text }
        return try JSONCoding.text(
            merged(
                try JSONCoding.decode(JSONValue.self, from: Data(text.utf8)),
                present: try JSONCoding.decode(JSONValue.self, from: present),
                known: try JSONCoding.decode(JSONValue.self, from: known)))
    }

    /// `new` with the members that `present` has and `known` has not. What is in a member that is
    /// known goes with it.
    private static func merged(_ new: JSONValue, present: JSONValue, known: JSONValue) -> JSONValue
    {
        guard var members = new.object, let present = present.object, let known = known.object
        else {
            return new
        }
        for (name, value) in present {
            let member = members[name]
            if let known = known[name] {
                members[name] = member.map { merged($0, present: value, known: known) }
            } else {
                members[name] = member ?? value
            }
        }
        return .object(members)
    }
}
