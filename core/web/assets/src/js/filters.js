// The filter builder: rows of field, operator and value, joined by all or any, groups up to two deep.

import plus from "icon:plus";
import x from "icon:x";
import { makeLookup } from "./combobox.js";
import { dialogHead, labelByHead, showDialog } from "./dialogs.js";
import { h, on, svg, t } from "./dom.js";
import { filteredUrl, visit } from "./list.js";
import { getJson, withQuery } from "./net.js";

const DEPTH = 2;
const MANY = new Set(["in", "nin", "not_in"]);
const YES_NO = new Set(["isnull", "is_null", "empty"]);

const isGroup = (node) => node && (Array.isArray(node.and) || Array.isArray(node.or));
const joinOf = (node) => (Array.isArray(node.or) ? "or" : "and");
const depthOf = (node) => (isGroup(node) ? 1 + Math.max(0, ...node[joinOf(node)].map(depthOf)) : 0);

/** From the tree in force to what the dialog edits; what it cannot show is kept as it is. */
function read(node, fields, depth = 1) {
  if (isGroup(node) && depth <= DEPTH && depthOf(node) <= DEPTH - depth + 1) {
    const join = joinOf(node);
    return { join, items: node[join].map((item) => read(item, fields, depth + 1)) };
  }
  if (node && fields.some((field) => field.name === node.field)) return { field: node.field, op: node.op, value: node.value };
  return { raw: node };
}

function isComplete(item) {
  if (item.raw) return true;
  if (item.items) return item.items.some(isComplete);
  return YES_NO.has(item.op) || (Array.isArray(item.value) ? item.value.length > 0 : item.value !== undefined && item.value !== "");
}

/** From what was edited to the tree; unfinished rows are left out. */
function write(item) {
  if (item.raw) return item.raw;
  if (item.items) return { [item.join]: item.items.filter(isComplete).map(write) };
  return { field: item.field, op: item.op, value: YES_NO.has(item.op) ? item.value !== false : item.value };
}

class Builder {
  constructor(fields, tree) {
    this.fields = fields;
    const read_ = tree ? read(tree, fields) : null;
    this.top = read_?.items ? read_ : { join: "and", items: read_ ? [read_] : [] };
    if (!this.top.items.length) this.top.items.push(this.fresh());
    this.body = h("div", { class: "gx-dialog-body" });
    const form = h("form", { "data-careless": true, novalidate: true }, this.body,
      h("div", { class: "gx-dialog-foot" },
        h("button", { type: "button", class: "gx-btn gx-btn-quiet gx-start", onclick: () => this.apply(null) }, t("Clear all")),
        h("button", { type: "button", class: "gx-btn", "data-close": true }, t("Cancel")),
        h("button", { type: "submit", class: "gx-btn gx-btn-primary" }, t("Apply"))));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.apply(isComplete(this.top) ? write(this.top) : null);
    });
    this.dialog = showDialog("gx-dialog-wide", dialogHead(t("Filters")), form);
    labelByHead(this.dialog);
    this.draw();
    this.dialog.querySelector(".gx-rule select")?.focus();
  }

  fresh() {
    const field = this.fields[0];
    return { field: field.name, op: field.operators[0][0], value: "" };
  }

  apply(tree) {
    this.dialog.close();
    visit(filteredUrl({ filter: tree ? JSON.stringify(tree) : "" }));
  }

  draw() {
    this.body.replaceChildren(this.group(this.top, 1));
  }

  group(group, depth, parent = null) {
    const join = h("select", { class: "gx-input gx-input-small", "aria-label": t("Which conditions must hold") },
      h("option", { value: "and", selected: group.join === "and" }, t("All of these hold")),
      h("option", { value: "or", selected: group.join === "or" }, t("Any of these holds")));
    join.addEventListener("change", () => (group.join = join.value));
    const add = (item) => {
      group.items.push(item);
      this.draw();
    };
    return h("div", { class: "gx-group", role: "group" },
      h("div", { class: "gx-group-head" }, h("div", {}, join), parent && this.remover(group, parent, t("Remove this group"))),
      ...group.items.map((item) => (item.items ? this.group(item, depth + 1, group) : this.rule(item, group))),
      h("div", { class: "gx-group-foot" },
        h("button", { type: "button", class: "gx-btn gx-btn-quiet gx-btn-small", onclick: () => add(this.fresh()) }, svg(plus, 16), t("Add a condition")),
        depth < DEPTH && h("button", { type: "button", class: "gx-btn gx-btn-quiet gx-btn-small", onclick: () => add({ join: group.join === "and" ? "or" : "and", items: [this.fresh()] }) }, svg(plus, 16), t("Add a group"))));
  }

  remover(item, parent, label) {
    const remove = () => {
      parent.items.splice(parent.items.indexOf(item), 1);
      this.draw();
    };
    return h("button", { type: "button", class: "gx-iconbtn", "aria-label": label, title: label, onclick: remove }, svg(x, 16));
  }

  rule(item, parent) {
    if (item.raw) {
      return h("div", { class: "gx-rule" }, h("div", { class: "gx-static" }, t("An advanced condition")), h("span"), h("code", { class: "gx-static gx-muted" }, JSON.stringify(item.raw)), this.remover(item, parent, t("Remove this condition")));
    }
    const field = this.fields.find((one) => one.name === item.field);
    const which = h("select", { class: "gx-input", "aria-label": t("Field") }, ...this.fields.map((one) => h("option", { value: one.name, selected: one === field }, one.label)));
    which.addEventListener("change", () => {
      const next = this.fields.find((one) => one.name === which.value);
      Object.assign(item, { field: next.name, op: next.operators[0][0], value: "" });
      this.draw();
    });
    const how = h("select", { class: "gx-input", "aria-label": t("Comparison") }, ...field.operators.map(([code, label]) => h("option", { value: code, selected: code === item.op }, label)));
    how.addEventListener("change", () => {
      const same = MANY.has(item.op) === MANY.has(how.value) && YES_NO.has(item.op) === YES_NO.has(how.value);
      item.op = how.value;
      if (!same) item.value = "";
      this.draw();
    });
    return h("div", { class: "gx-rule" }, which, how, this.value(item, field), this.remover(item, parent, t("Remove this condition")));
  }

  value(item, field) {
    const label = t("Value");
    if (YES_NO.has(item.op) || field.kind === "flag") {
      if (typeof item.value !== "boolean") item.value = true;
      const select = h("select", { class: "gx-input", "aria-label": label }, h("option", { value: "1", selected: item.value }, t("Yes")), h("option", { value: "", selected: !item.value }, t("No")));
      select.addEventListener("change", () => (item.value = select.value === "1"));
      return select;
    }
    if (field.options?.length && MANY.has(item.op)) {
      if (!Array.isArray(item.value)) item.value = item.value ? [item.value] : [];
      return h("div", { class: "gx-rule-checks" }, ...field.options.filter((option) => option.value).map((option) => {
        const box = h("input", { type: "checkbox", checked: item.value.includes(option.value) });
        box.addEventListener("change", () => (item.value = box.checked ? [...item.value, option.value] : item.value.filter((value) => value !== option.value)));
        return h("label", { class: "gx-check" }, box, option.label);
      }));
    }
    if (field.options?.length) {
      item.value ||= field.options.find((option) => option.value)?.value ?? "";
      const select = h("select", { class: "gx-input", "aria-label": label }, ...field.options.map((option) => h("option", { value: option.value, selected: option.value === item.value }, option.label)));
      select.addEventListener("change", () => (item.value = select.value));
      return select;
    }
    if (field.lookup_url && !MANY.has(item.op)) return this.lookup(item, field, label);
    const many = MANY.has(item.op);
    const type = { day: "date", instant: "datetime-local", integer: "number", number: "number", money: "number", decimal: "number" }[field.kind] ?? "text";
    const number = type === "number";
    const input = h("input", { class: "gx-input", type: many ? "text" : type, step: number ? "any" : null, "aria-label": label, placeholder: many ? t("Several, separated by commas") : null });
    input.value = many ? [item.value].flat().join(", ") : item.value ?? "";
    const one = (text) => (field.kind === "integer" && /^-?\d+$/.test(text) ? Number(text) : text);
    input.addEventListener("input", () => {
      item.value = many ? input.value.split(/[,，、]/).map((part) => part.trim()).filter(Boolean).map(one) : one(input.value);
    });
    return input;
  }

  lookup(item, field, label) {
    const { root, hidden } = makeLookup(field.lookup_url, label, (id) => (item.value = id ? Number(id) : ""));
    if (item.value) {
      const input = root.querySelector("[role='combobox']");
      input.value = `#${item.value}`;
      hidden.value = item.value;
      getJson(withQuery(field.lookup_url, { id: item.value })).then((found) => {
        const known = found?.items?.find((one) => String(one.id) === String(item.value));
        if (!known || hidden.value !== String(item.value)) return;
        input.value = known.label;
        if (root.combobox) root.combobox.label = known.label;
      });
    }
    return root;
  }
}

on("click", "[data-filter-builder]", async (event, button) => {
  const fields = (await getJson(button.dataset.filterBuilder, { quiet: false }))?.items ?? [];
  const text = document.querySelector("#list-filter [name='filter']").value;
  let tree = null;
  try {
    tree = text ? JSON.parse(text) : null;
  } catch {
    // An address somebody mangled; begin afresh.
  }
  if (fields.length) new Builder(fields, tree);
});
