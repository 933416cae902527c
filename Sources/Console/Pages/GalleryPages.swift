import Base
import FoundationEssentials
import NIOPosix
import Service
import Storage
import Vision
import Wire

/// The images of a dataset in a gallery: filtered, sorted, searched, page by page.
struct GalleryPages {
    private let visit: Visit
    private let project: String
    private let type: DatasetType

    init(_ visit: Visit, _ project: String) throws {
        self.visit = visit
        self.project = project
        type = try ImagePages.type(visit)
    }

    /// One page of tiles.
    private struct Shown {
        var tiles: [[String: Any]] = []
        /// Where the next page begins; nil on the last.
        var next: String?
        /// Where this one begins, of those that the filter lets through.
        var start = 0
        /// How many images pass the filter; nil where the database does not count them.
        var count: Int?
        /// What people should know about this view.
        var note: String?
        /// Whether another request shows more, because pictures are still being looked at.
        var isGrowing = false
    }

    private static let filters = [
        "all", "unlabelled", "normal", "anomaly", "mask", "noMask", "wrong", "duplicates",
    ]
    private static let orders = ["newest", "score", "doubt", "name"]

    func page() async throws -> ConsoleResponse {
        let filter = visit.request.parameter("show") ?? "all"
        let order = visit.request.parameter("sort") ?? "newest"
        let search = visit.request.parameter("search") ?? ""
        var (shown, sought) = (try await shown(filter, order, search), search)
        if shown.tiles.isEmpty, let key = ImagePages.keyPart(ofNamed: search) {
            (shown, sought) = (try await self.shown(filter, order, key), key)
        }
        let kinds = try await visit.defectKinds(of: project)
        let (total, names) = (kinds.datasets[type]?.total, kinds.datasets[type]?.names)
        var choices = Self.filters.map { name -> [String: Any] in
            choice(name, visit.page.text("filter_\(name)"), filter)
        }
        choices += (names ?? []).map {
            choice("label:\($0)", "\(visit.page.text("filter_label")) \($0)", filter)
        }
        let orders = Self.orders.map { choice($0, visit.page.text("sort_\($0)"), order) }
        return visit.html(
            "gallery",
            [
                "project": project, "home": visit.home(project), "type": type.rawValue,
                "title": visit.page.text("dataset_\(type.rawValue)"), "filters": choices,
                "orders": orders, "search": search, "show": filter, "sort": order,
                "images": shown.tiles, "isEmpty": shown.tiles.isEmpty,
                "next": next(shown, filter, order, sought),
                "imageBytes": visit.context.limits.image.bytesMax,
                "isOpen": total == 0, "count": shown.count.map(String.init) ?? "",
                "note": shown.note ?? "",
                "kinds": try JSONCoding.text(JSONValue.array(kinds.names.map(JSONValue.string))),
                "hasMoreKinds": !kinds.isWhole,
                "isGrowing": shown.isGrowing, "total": total.map(String.init) ?? "",
                "edit": try await visit.button(.updateDatasetEntries, project: project),
            ])
    }

    private func shown(_ filter: String, _ order: String, _ search: String) async throws -> Shown {
        let isPlain = ["all", "unlabelled", "normal", "anomaly"].contains(filter)
        switch order {
        case "newest" where isPlain: return try await listed(filter, search)
        case "name" where isPlain: return try await named(filter, search)
        default: return try await indexed(filter, order, search)
        }
    }

    /// The address of the next page; empty where there is none.
    private func next(_ shown: Shown, _ filter: String, _ order: String, _ search: String)
        -> String
    {
        guard let after = shown.next else { return "" }
        let query = [
            ("dataset", type.rawValue), ("show", filter), ("sort", order), ("search", search),
            ("after", after), ("from", String(shown.start)),
        ]
        return "?" + query.map { "\($0.0)=\(FormCoding.segment($0.1))" }.joined(separator: "&")
    }

    private func choice(_ name: String, _ title: String, _ chosen: String) -> [String: Any] {
        ["name": name, "title": title, "isChosen": name == chosen]
    }

    // MARK: What the API lists

    private func listed(_ filter: String, _ search: String) async throws -> Shown {
        var query: [(name: String, value: String)] = [
            ("maxResults", String(ConsoleLimits.galleryPage))
        ]
        switch filter {
        case "normal", "anomaly": query.append(("anomalyClass", filter))
        case "unlabelled": query.append(("labeled", "false"))
        default: break
        }
        if !search.isEmpty { query.append(("sourceRefContains", search)) }
        if let after = visit.request.parameter("after") { query.append(("nextToken", after)) }
        let page: ListDatasetEntriesResponse = try await visit.perform(
            .listDatasetEntries, ["projectName": project, "datasetType": type.rawValue],
            query: query)
        let tiles = page.datasetEntries.compactMap { line -> [String: Any]? in
            guard let entry = try? ManifestLine(parsing: line) else { return nil }
            return tile(entry.source, entry.verdict, entry.kind, hasMask: entry.mask != nil)
        }
        return Shown(tiles: tiles, next: page.nextToken)
    }

    // MARK: What it does not

    /// By name: the database knows the names without the lines.
    private func named(_ filter: String, _ search: String) async throws -> Shown {
        var wanted = EntryFilter(project: project, type: type)
        wanted.verdict = ["normal", "anomaly"].contains(filter) ? filter : nil
        if filter == "unlabelled" { wanted.isLabeled = false }
        wanted.sourceRefPart = search.isEmpty ? nil : search
        let sources = try await visit.operations.sourcesByName(wanted, in: visit.gallery.names)
        let start = beginning(of: sources.count) { sources.firstIndex(of: $0) }
        let page = Array(sources[start...].prefix(ConsoleLimits.galleryPage))
        let lines = try await visit.operations.lines(of: page, in: project, type)
        var shown = Shown(start: start, count: sources.count)
        shown.tiles = page.compactMap { source -> [String: Any]? in
            guard let line = lines[source], let entry = try? ManifestLine(parsing: line) else {
                return nil
            }
            return tile(entry.source, entry.verdict, entry.kind, hasMask: entry.mask != nil)
        }
        if start + page.count < sources.count { shown.next = page.last }
        return shown
    }

    private func indexed(
        _ filter: String, _ order: String, _ search: String
    ) async throws -> Shown {
        let index = try await visit.index(of: project, type)
        var shown = Shown()
        var judged: JudgedImages?
        if filter == "wrong" || order == "score" || order == "doubt" {
            judged = try await visit.judgedImages(of: project)
            shown.note =
                judged.map {
                    visit.page.text("gallery_judged").replacing("{version}", with: $0.version)
                } ?? visit.page.text("gallery_notJudged")
        }
        var groups: [String: Int] = [:]
        if filter == "duplicates" {
            let found = try await visit.lookalikes(in: index)
            groups = found.groups
            shown.isGrowing = found.known < index.entries.count
            shown.note = visit.page.text("gallery_lookalikes")
                .replacing("{n}", with: String(found.known))
                .replacing("{all}", with: String(index.entries.count))
        }
        let places = try await ordered(
            GalleryOrder(
                index: index.id, filter: filter, order: order, search: search,
                evaluation: judged?.evaluation, threshold: judged?.threshold),
            index, judged, groups)
        let start = beginning(of: places.count) { after in
            places.firstIndex { index.entries[$0].source == after }
        }
        let page = places[start...].prefix(ConsoleLimits.galleryPage).map { index.entries[$0] }
        shown.tiles = page.map {
            tile(
                $0.source, $0.verdict, $0.kind, hasMask: $0.mask != nil, judged: judged,
                group: groups[$0.source])
        }
        (shown.count, shown.start) = (places.count, start)
        if start + page.count < places.count { shown.next = page.last?.source }
        return shown
    }

    /// The places of the images that the filter lets through, in the order that is wanted.
    private func ordered(
        _ key: GalleryOrder, _ index: DatasetIndex, _ judged: JudgedImages?,
        _ groups: [String: Int]
    ) async throws -> [Int] {
        if let known = visit.gallery.orders.value(key) { return known }
        let places = try await visit.context.pools.images.runIfActive {
            let found = index.entries.indices.filter { place in
                let entry = index.entries[place]
                return (key.search.isEmpty || entry.source.contains(key.search))
                    && Self.passes(entry, key.filter, judged, groups)
            }
            return Self.sorted(found, index.entries, key.order, judged, groups)
        }
        // Groups grow while pictures are looked at.
        if groups.isEmpty, key.filter != "duplicates" { visit.gallery.orders.keep(places, key) }
        return places
    }

    /// Where in the order the page begins: behind the last image of the page before, or where that
    /// page began, if somebody has removed this image meanwhile.
    ///
    /// - Parameter place: of an image in the order, by its reference.
    private func beginning(of count: Int, _ place: (String) -> Int?) -> Int {
        guard let after = visit.request.parameter("after") else { return 0 }
        if let last = place(after) { return last + 1 }
        let before = visit.request.parameter("from").flatMap(Int.init) ?? 0
        return min(max(before, 0), count)
    }

    private static func passes(
        _ entry: DatasetIndex.Entry, _ filter: String, _ judged: JudgedImages?,
        _ groups: [String: Int]
    ) -> Bool {
        switch filter {
        case "unlabelled": entry.verdict == nil
        case "normal", "anomaly": entry.verdict?.rawValue == filter
        case "mask": entry.mask != nil
        case "noMask": entry.mask == nil && entry.verdict == .anomaly
        case "wrong":
            judged?.isAnomalous(entry.source).map {
                entry.verdict != nil && $0 != (entry.verdict == .anomaly)
            } ?? false
        case "duplicates": groups[entry.source] != nil
        default:
            !filter.hasPrefix("label:") || entry.kind.map { "label:\($0)" } == filter
                || (entry.mask?.classes.contains { "label:\($0.name)" == filter } ?? false)
        }
    }

    /// Those without a score come last; equal ones keep their order.
    private static func sorted(
        _ places: [Int], _ entries: [DatasetIndex.Entry], _ order: String,
        _ judged: JudgedImages?, _ groups: [String: Int]
    ) -> [Int] {
        if !groups.isEmpty {
            let keyed = places.map { (groups[entries[$0].source] ?? 0, $0) }
            return keyed.sorted { $0 < $1 }.map(\.1)
        }
        if order == "name" {
            return Operations.orderByName(places.map { entries[$0].source }).map { places[$0] }
        }
        guard let judged, order != "newest" else { return places }
        let keyed = places.map { place -> (Double, Int) in
            guard let score = judged.scores[entries[place].source] else {
                return (.infinity, place)
            }
            return (order == "score" ? -score : judged.doubt(score), place)
        }
        return keyed.sorted { $0 < $1 }.map(\.1)
    }

    private func tile(
        _ source: String, _ verdict: ManifestLine.Verdict?, _ kind: String?, hasMask: Bool,
        judged: JudgedImages? = nil, group: Int? = nil
    ) -> [String: Any] {
        let (home, place) = (visit.home(project), FormCoding.segment(source))
        let name = verdict?.rawValue ?? "unlabelled"
        var tile: [String: Any] = [
            "source": source, "verdict": name, "kind": kind ?? "",
            "title": kind ?? visit.page.text("verdict_\(name)"),
            "name": ImagePages.name(of: source),
            "hasMask": hasMask, "thumbnail": "\(home)/image?small=1&source=\(place)",
            "full": "\(home)/image?source=\(place)",
            "maskPage": "\(home)/mask?dataset=\(type.rawValue)&source=\(place)",
            "group": group.map(String.init) ?? "",
        ]
        if let judged, let score = judged.scores[source] {
            tile["score"] = ProjectPages.decimals(score)
            tile["isHigh"] = score > judged.threshold
        }
        return tile
    }
}
