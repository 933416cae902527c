import HTTPTypes
import Testing

@testable import Server

@Suite struct HeaderNameTests {
    @Test func aNameThatHTTPDoesNotAllowIsNotAnotherField() {
        var fields: HTTPFields = [.contentType: "text/plain"]
        fields[named: "not a name"] = "x"
        #expect(fields[named: "not a name"] == nil)
        #expect(fields[.contentType] == "text/plain" && fields.count == 1)
    }

    @Test func aComputedNameIsFoundInAnyCase() {
        var fields = HTTPFields()
        fields[named: "x-amz-checksum-crc32"] = "AAAAAA=="
        #expect(fields[named: "X-Amz-Checksum-CRC32"] == "AAAAAA==")
    }
}
