import Testing

/// What each module must not import.
@Suite struct LayerTests {
    /// Modules, and the one folder of Sources that may import them.
    @Test(arguments: [
        ("GRDB", "Storage"), ("CPostgreSQL", "Storage"), ("Hummingbird", "Server"),
        ("XMLCoder", "WireAWS"), ("AsyncHTTPClient", "Cloud"), ("Yams", "Service"), ("Mustache", "Console"),
    ])
    func aDependencyEndsInOneModule(_ module: String, _ home: String) throws {
        var isUsed = false
        for path in try SourceTree.files(below: "Sources") {
            let imports = try Self.imports(of: path)
            if path.hasPrefix("Sources/\(home)/") {
                isUsed = isUsed || imports.contains(module)
            } else {
                #expect(!imports.contains(module), "\(path)")
            }
        }
        // Else the rule is about a module that is gone.
        #expect(isUsed)
    }

    /// HTTP is spoken by Server; types of HTTP may only be known where bytes are sent.
    @Test(arguments: ["HTTPTypes", "NIOHTTPTypes"])
    func onlyServerKnowsHTTP(_ module: String) throws {
        for path in try SourceTree.files(below: "Sources")
        where !path.hasPrefix("Sources/Server/") {
            #expect(try !Self.imports(of: path).contains(module), "\(path)")
        }
    }

    /// Full Foundation makes a static binary of 67 MiB out of one of 8.5 MiB.
    @Test(arguments: ["Base", "Vision", "EdgeAgent", "spotter-edge"])
    func whatTheDeviceLinksIsSmall(_ folder: String) throws {
        let banned: Set<String> = [
            "Foundation", "FoundationXML", "FoundationNetworking", "Storage", "Service",
            "Administration", "Server",
        ]
        for path in try SourceTree.files(below: "Sources/\(folder)") {
            #expect(try Self.imports(of: path).isDisjoint(with: banned), "\(path)")
        }
    }

    /// Layers point downwards: a module, and those above it that it must not know.
    @Test(arguments: [
        ("Wire", ["Cloud", "Storage", "Service", "Administration", "Server", "Vision"]),
        ("WireAWS", ["Cloud", "Storage", "Service", "Administration", "Server", "Vision"]),
        ("Access", ["Cloud", "Storage", "Service", "Administration", "Server", "Vision"]),
        ("Cloud", ["Storage", "Service", "Administration", "Server", "Vision"]),
        ("Storage", ["Service", "Administration", "Server", "Vision"]),
        ("Vision", ["Wire", "WireAWS", "Access", "Cloud", "Storage"]),
        ("Service", ["Administration", "Console", "Server"]),
        ("Administration", ["Console", "Server"]), ("Console", ["Administration", "Server"]),
    ])
    func layersPointDownwards(_ module: String, _ above: [String]) throws {
        for path in try SourceTree.files(below: "Sources/\(module)") {
            #expect(try Self.imports(of: path).isDisjoint(with: above), "\(path)")
        }
    }

    /// The modules that a file imports, whatever stands before `import`.
    private static func imports(of path: String) throws -> Set<String> {
        Set(
            try SourceTree.lines(of: path).compactMap { line in
                let words = line.split(separator: " ")
                guard let index = words.firstIndex(of: "import"), index + 1 < words.count,
                    words[..<index].allSatisfy({ word in
                        word.hasPrefix("@")
                            || ["package", "public", "internal", "private", "fileprivate"]
                                .contains(word)
                    })
                else { return nil }
                // `import struct Foundation.URL` names the module after the kind.
                let name =
                    ["struct", "class", "enum", "func", "protocol", "typealias", "var", "let"]
                        .contains(words[index + 1]) ? words.last : words[index + 1]
                return name?.split(separator: ".").first.map(String.init)
            })
    }
}
