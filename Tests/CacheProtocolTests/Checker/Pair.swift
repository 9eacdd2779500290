/// Two of a kind, side by side and without an allocation.
struct Pair<Element: Hashable & Sendable>: Hashable, Sendable {
    var first: Element
    var second: Element

    init(_ first: Element, _ second: Element) {
        self.first = first
        self.second = second
    }

    subscript(index: Int) -> Element {
        get { index == 0 ? first : second }
        set { if index == 0 { first = newValue } else { second = newValue } }
    }
}
