import Access
import FoundationEssentials
import Testing

@Suite struct FormDecoderTests {
    private static let text =
        "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n"
        + "--b\r\ncontent-disposition:form-data;name=\"c d\"; filename=\"x\"\r\nX: y\r\n\r\n"
        + "v\r\nw\r\n"
        + "--b\r\nContent-Disposition: form-data; filename=\"q\\\"r.png\"; name=file\r\n\r\n"
        + "\r\n-\r\n--\r\nbytes\r\n--b--\r\nrest"

    /// However the bytes are cut, the same comes out.
    @Test(arguments: [1, 2, 3, 7, 64, 1_000])
    func aFormIsTakenApartInPiecesOfAnySize(_ count: Int) throws {
        var decoder = try #require(FormDecoder(contentType: "multipart/form-data; boundary=b"))
        var (fields, file, name): ([String], Data, String?) = ([], Data(), nil)
        var rest = Data(Self.text.utf8)
        while !rest.isEmpty {
            for event in try decoder.decode(Data(rest.prefix(count))) {
                switch event {
                case .field(let name, let value): fields.append("\(name)=\(value)")
                case .file(let found): name = found
                case .bytes(let bytes): file += bytes
                case .end: break
                }
            }
            rest = Data(rest.dropFirst(count))
        }
        try decoder.finish()
        #expect(fields == ["a=", "c d=v\r\nw"])
        #expect(name == "q\"r.png")
        #expect(file == Data("\r\n-\r\n--\r\nbytes".utf8))
    }

    @Test(arguments: [
        "text/plain; boundary=b", "multipart/form-data", "multipart/form-data; boundary=",
    ])
    func aTypeWithoutABoundaryIsRefused(_ type: String) {
        #expect(FormDecoder(contentType: type) == nil)
    }

    @Test func fieldsWithoutEndAreRefusedBeforeTheyAreHeld() throws {
        var decoder = try #require(FormDecoder(contentType: "multipart/form-data; boundary=b"))
        _ = try decoder.decode(
            Data("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n".utf8))
        let error = #expect(throws: FormDecoder.Failure.self) {
            for _ in 0..<100 { _ = try decoder.decode(Data(repeating: 0x61, count: 1_000)) }
        }
        #expect(error?.isTooLarge == true)
    }
}
