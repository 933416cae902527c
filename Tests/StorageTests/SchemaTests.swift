import FoundationEssentials
import TestSupport
import Testing

@testable import Storage

/// The steps of the schema, which databases of today have made.
@Suite struct SchemaTests {
    /// The golden files have the steps as they were released, and only grow.
    @Test(arguments: ["sqlite", "postgresql"])
    func noStepThatWasReleasedChanges(database: String) throws {
        let dialect = database == "sqlite" ? SQLDialect.sqlite : .postgreSQL
        let golden = try Checkout.bytes("Tests/StorageTests/Golden/schema-\(database).sql")
        let steps = Schema.steps.map { "-- Step \($0.name)\n\($0.sql(dialect))" }
        #expect(
            Self.words(steps.joined(separator: "\n"))
                == Self.words(String(decoding: golden, as: UTF8.self)))
    }

    @Test func stepsAreInTheOrderOfTheirNamesAndEachThereOnce() {
        #expect(Schema.names == Set(Schema.names).sorted())
    }

    /// Line breaks do not count.
    private static func words(_ sql: String) -> [Substring] {
        sql.split(whereSeparator: \.isWhitespace)
    }
}
