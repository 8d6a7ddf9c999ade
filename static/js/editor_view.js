// How CodeMirror is set up for JSON. It and the library are loaded once there is an editor on the page.
import {
  EditorState, EditorView, HighlightStyle, bracketMatching, defaultKeymap, drawSelection, ensureSyntaxTree, foldGutter,
  foldKeymap, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, history,
  historyKeymap, indentLess, indentMore, indentOnInput, indentUnit, json, keymap, lineNumbers, lintGutter, nextDiagnostic,
  placeholder, search, searchKeymap, setDiagnostics, syntaxHighlighting, tags,
} from "../vendor/codemirror/codemirror-6.43.15.min.js";

const GRAMMAR_TIME = 20; // milliseconds for reading on in the text; what is not read by then, the server's check tells

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--text)", fontWeight: "600" },
  { tag: tags.string, color: "var(--string)" },
  { tag: tags.number, color: "var(--number)" },
  { tag: [tags.bool, tags.null], color: "var(--word)" },
  { tag: [tags.punctuation, tags.separator, tags.bracket], color: "var(--muted)" },
]);

// The page's tokens reach into the editor; the colours that CodeMirror has of its own are all replaced.
const look = EditorView.theme({
  "&": { height: "100%", color: "var(--text)", backgroundColor: "var(--bg)", borderRadius: "inherit" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { font: "var(--mono)", borderRadius: "inherit" },
  ".cm-content": { caretColor: "var(--text)", padding: "6px 0" },
  ".cm-line": { padding: "0 8px 0 4px" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--bg)", color: "var(--muted)", border: "0" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "20px", padding: "0 2px 0 0" },
  ".cm-gutter-lint": { width: "12px" },
  ".cm-gutter-lint .cm-gutterElement": { padding: "0" },
  ".cm-foldGutter .cm-gutterElement": { cursor: "pointer", width: "14px", textAlign: "center" },
  ".cm-activeLine": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--hover) 60%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLineGutter": { color: "var(--text)", backgroundColor: "transparent" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 22%, transparent)",
  },
  ".cm-searchMatch": { backgroundColor: "color-mix(in srgb, var(--warn) 28%, transparent)" },
  ".cm-searchMatch.cm-searchMatch-selected": { backgroundColor: "color-mix(in srgb, var(--warn) 60%, transparent)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-bg)", outline: "1px solid var(--accent)" },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "var(--danger-bg)" },
  ".cm-foldPlaceholder": {
    backgroundColor: "var(--hover)", color: "var(--muted)", border: "1px solid var(--line)", padding: "0 6px",
  },
  ".cm-placeholder": { color: "var(--muted)" },
  ".cm-specialChar": { color: "var(--danger)" },
  ".cm-panels": { backgroundColor: "var(--panel)", color: "var(--text)", zIndex: "3" },
  ".cm-panels.cm-panels-top": { borderBottom: "1px solid var(--line)" },
  ".cm-panel.cm-search": { font: "var(--ui)", padding: "6px 28px 6px 8px" },
  ".cm-panel.cm-search [name=close]": { color: "var(--muted)", fontSize: "16px", right: "8px", top: "6px" },
  ".cm-panel.cm-search label": { fontSize: "inherit", marginRight: "8px" },
  ".cm-panel.cm-search input[type=checkbox]": { accentColor: "var(--accent)", verticalAlign: "middle" },
  ".cm-textfield": {
    font: "inherit", fontSize: "inherit", color: "var(--text)", backgroundColor: "var(--bg)", border: "1px solid var(--line)",
    borderRadius: "6px", padding: "3px 7px",
  },
  ".cm-button": {
    font: "inherit", fontSize: "inherit", color: "var(--text)", background: "var(--panel)", border: "1px solid var(--line)",
    borderRadius: "6px", padding: "3px 8px", cursor: "pointer",
  },
  ".cm-button:hover": { background: "var(--hover)" },
  ".cm-button:active": { background: "var(--hover)" },
  ".cm-textfield:focus-visible, .cm-button:focus-visible": { outline: "2px solid var(--accent)", outlineOffset: "1px" },
  ".cm-tooltip": {
    font: "var(--ui)", color: "var(--text)", backgroundColor: "var(--panel)", border: "1px solid var(--line)",
    borderRadius: "6px",
  },
  ".cm-diagnostic-error": { borderLeftColor: "var(--danger)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--danger)", textUnderlineOffset: "3px" },
  ".cm-lint-marker-error": { content: "none" },
  ".cm-lint-marker": { width: "7px", height: "7px", borderRadius: "50%", backgroundColor: "var(--danger)", margin: "6px auto" },
});

// Tab writes; CodeMirror lets it leave the editor after Escape.
const twoSpaces = (view) => {
  if (!view.state.selection.main.empty) return indentMore(view);
  view.dispatch(view.state.replaceSelection("  "), { scrollIntoView: true, userEvent: "input" });
  return true;
};

// Over a selection, the browser would write with the style of the text that was there, as an attribute: the content
// policy forbids those. A selection that a program made, not a person, only the browser knows of at that moment.
const selected = (view) => {
  const { main } = view.state.selection;
  const dom = view.root.getSelection?.();
  if (!main.empty || !dom || dom.isCollapsed || !view.contentDOM.contains(dom.anchorNode)) return main;
  const ends = [view.posAtDOM(dom.anchorNode, dom.anchorOffset), view.posAtDOM(dom.focusNode, dom.focusOffset)];
  return { from: Math.min(...ends), to: Math.max(...ends) };
};
const overSelection = (event, view) => {
  if (event.inputType !== "insertText" || event.data === null || view.composing) return false;
  const { from, to } = selected(view);
  if (from === to) return false;
  const insert = view.state.toText(event.data);
  const selection = { anchor: from + insert.length };
  view.dispatch({ changes: { from, to, insert }, selection, scrollIntoView: true, userEvent: "input.type" });
  return true;
};

const setup = [
  lintGutter(), lineNumbers(), foldGutter({ openText: "▾", closedText: "▸" }), highlightActiveLine(), highlightActiveLineGutter(),
  highlightSpecialChars(), history(), drawSelection(), indentUnit.of("  "), indentOnInput(), bracketMatching(),
  search({ top: true }), EditorView.lineWrapping, json(), syntaxHighlighting(colours), look,
  keymap.of([
    { key: "Tab", run: twoSpaces, shift: indentLess },
    { key: "F8", run: nextDiagnostic },
    ...searchKeymap, ...foldKeymap, ...historyKeymap, ...defaultKeymap,
  ]),
  EditorView.domEventHandlers({ beforeinput: overSelection }),
  EditorView.updateListener.of((update) => {
    if (update.docChanged) update.view.root.host.typed();
  }),
];

// An editor's state, to begin with.
export const fresh = (text, label, example) => EditorState.create({
  doc: text,
  extensions: [setup, EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", tabindex: "0" }), placeholder(example)],
});

// A state to go on with, whose text may be another now: that can be undone.
export const again = (state, text) => {
  const { doc } = state;
  return doc.toString() === text ? state : state.update({ changes: { from: 0, to: doc.length, insert: text } }).state;
};

export const open = (state, root) => new EditorView({ state, parent: root, root });

// Where the text stops being JSON by its grammar: an offset; null if it does not, or if that is not known at once.
export const grammarError = (view) => {
  const tree = ensureSyntaxTree(view.state, view.state.doc.length, GRAMMAR_TIME);
  if (!tree) return null;
  const cursor = tree.cursor();
  do if (cursor.type.isError) return cursor.from; while (cursor.next());
  return null;
};

export const mark = (view, error) => {
  const marks = !error || error.at === undefined ? [] : [
    { from: error.at, to: Math.min(error.at + 1, view.state.doc.length), severity: "error", message: error.message },
  ];
  view.dispatch(setDiagnostics(view.state, marks));
};
