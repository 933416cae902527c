import FoundationEssentials
import Testing
import Wire
import WireAWS

@Suite struct S3Tests {
    @Test(arguments: S3Operation.allCases)
    func everyOperationIsFoundByItsRow(_ operation: S3Operation) throws {
        let definition = operation.definition
        let found = try S3Operation.find(
            method: definition.method, target: definition.target,
            query: Set([definition.marker, "X-Amz-Signature", "x-id"].compactMap { $0 }),
            isCopy: definition.isCopy)
        #expect(found == operation)
    }

    @Test(arguments: [
        ("DELETE", S3Operation.Target.bucket, "metadataConfiguration"), ("PUT", .bucket, "policy"),
        ("GET", .bucket, "inventory"), ("PUT", .object, "uploadId"),
        ("PUT", .object, "retention"),
    ])
    func anUnknownParameterIsNoPlainerOperation(
        method: String, target: S3Operation.Target, parameter: String
    ) {
        let error = #expect(throws: S3Error.self) {
            _ = try S3Operation.find(
                method: method, target: target, query: [parameter], isCopy: false)
        }
        #expect(error?.code == .notImplemented)
    }

    @Test func documentsComeBack() throws {
        var page = ListBucketResult()
        page.Name = "bucket"
        page.Prefix = " a&b <c> "
        page.Contents = [
            S3Object(
                Key: "k", LastModified: "2026-01-31T00:00:00.000Z", ETag: "\"e\"",
                ChecksumAlgorithm: ["CRC32"], ChecksumType: nil, Size: 7, Owner: nil)
        ]
        let bytes = try S3XML.encode(page, root: "ListBucketResult")
        let back = try S3XML.decode(
            ListBucketResult.self, from: bytes, root: "ListBucketResult")
        #expect(back.Prefix == " a&b <c> ")
        #expect(back.Contents == page.Contents)
    }

    /// A parser compares each attribute with all others.
    @Test(arguments: [
        "<Delete " + (0..<200).map { "a\($0)='>' " }.joined() + "></Delete>",
        "<Delete a='" + String(repeating: "x", count: 2_000) + "'></Delete>",
        "<Delete><Object><Key>" + String(repeating: "&#65;", count: 10_000)
            + "</Key></Object></Delete>",
        "<Delete><!--" + String(repeating: "x", count: 20_000) + "--></Delete>",
        "<Delete><Object><Key>k</Key></Object></Delete" + String(repeating: " ", count: 2_000)
            + ">",
        "<Delete><![CDATA[x</Delete>",
    ])
    func aTagOrATextBeyondItsBoundIsRefusedBeforeItIsParsed(_ document: String) {
        let error = #expect(throws: S3Error.self) {
            _ = try S3XML.decode(
                DeleteObjectsDocument.self, from: Data(document.utf8), root: "Delete")
        }
        #expect(error?.code == .malformedXML)
    }

    @Test func aDocumentOfAnSDKIsWithinTheBounds() throws {
        let key = String(repeating: "&#x3c;", count: 1_024)
        let document =
            "<?xml version='1.0' encoding='UTF-8'?><!-- a > b --><Delete "
            + "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>\(key)</Key>"
            + "</Object><Object><Key><![CDATA[<&>]]></Key></Object></Delete>"
        let read = try S3XML.decode(
            DeleteObjectsDocument.self, from: Data(document.utf8), root: "Delete")
        #expect(read.Object.map(\.Key.count) == [1_024, 3])
    }

    /// The example of RFC 9110, 5.6.7, and days around the beginning of time.
    @Test(arguments: [
        (784_111_777.0, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (-1, "Wed, 31 Dec 1969 23:59:59 GMT"), (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
    ])
    func datesOfHTTP(_ seconds: TimeInterval, _ text: String) {
        #expect(HTTPDate.text(Date(timeIntervalSince1970: seconds)) == text)
        #expect(HTTPDate.parse(text) == Date(timeIntervalSince1970: seconds))
    }

    @Test(arguments: ["", "yesterday", "Sun, 06 Nov 1994 08:49:37 PST", "06 Nov 1994"])
    func whatIsNoDateOfHTTPIsNone(_ text: String) {
        #expect(HTTPDate.parse(text) == nil)
    }
}
