// A new function, or a change to one.

import { h, say, field, toast } from "./dom.js";
import * as api from "./api.js";
import { href } from "./list.js";

const pairs = (text, what) => Object.fromEntries(text.split("\n").map((l) => l.trim()).filter(Boolean).map((line) => {
  const at = line.indexOf("=");
  if (at < 1) throw new Error(`${what}: \`${line}\` is not NAME=VALUE`);
  return [line.slice(0, at).trim(), line.slice(at + 1)];
}));
const lines = (map) => Object.entries(map ?? {}).map(([k, v]) => `${k}=${v}`).join("\n");

/** The functions that ship with faasim: each is a line to start from. */
const SAMPLES = {
  echo: "answers what it is sent", env: "answers its environment", sleep: "takes as many seconds as it is sent", burn: "uses as many milliseconds of CPU as it is sent",
  fail: "fails, as it is told", mltest: "trains a small network for as many epochs as it is sent", knn: "finds the pictures most like one",
};

export function deployPage([namespace, name], latest) {
  const updating = !!name;
  const text = (id, more) => h("input", { type: "text", id, autocomplete: "off", spellcheck: false, ...more });
  const area = (id) => h("textarea", { id, rows: 3, spellcheck: false });
  const f = {
    service: text("service", { required: true, pattern: "[a-z0-9]([a-z0-9\\-]*[a-z0-9])?", title: "small letters, digits and -, as in my-function", disabled: updating, value: name }),
    namespace: text("namespace", { placeholder: "openfaas-fn", disabled: updating, value: namespace }),
    image: text("image", { required: true, list: "images" }),
    process: text("process", { list: "processes" }),
    env: area("env"), labels: area("labels"), annotations: area("annotations"), secrets: text("secrets"),
    cpu: text("cpu-request", { placeholder: "100m" }), memory: text("memory-request", { placeholder: "64Mi" }),
    cpuLimit: text("cpu-limit", { placeholder: "500m" }), memoryLimit: text("memory-limit", { placeholder: "128Mi" }),
    readOnly: h("input", { type: "checkbox", id: "readonly" }),
  };
  const sample = h("select", { id: "sample" }, h("option", { value: "" }, "nothing: I have an image"), Object.entries(SAMPLES).map(([key, text]) => h("option", { value: key }, `${key}: ${text}`)));
  sample.addEventListener("change", () => {
    if (!sample.value) return;
    f.image.value = "faasim/base:latest";
    f.process.value = `faasim function ${sample.value}`;
    f.cpu.value ||= "100m";
    const taken = latest()?.functions.map((x) => x.name) ?? [];
    let name = sample.value;
    for (let i = 2; taken.includes(name); i++) name = `${sample.value}-${i}`;
    f.service.value = name;
  });
  const images = h("datalist", { id: "images" });
  const processes = h("datalist", { id: "processes" });
  const problem = h("p", { class: "problem", role: "alert" });
  const button = h("button", { class: "primary", id: "deploy" }, updating ? "Update" : "Deploy");
  const form = h("form", { class: "card" },
    updating ? null : h("div", { class: "grid" }, field("Start from", sample, "A function that ships with faasim; what it fills in can be changed")),
    h("div", { class: "grid" },
      field("Name", f.service, "Small letters, digits and -"), field("Namespace", f.namespace, "Empty: openfaas-fn"),
      field("Image", f.image, "faasim/base:latest has the functions that ship with faasim"), field("Function process", f.process, "What runs for each request; empty: the image's own")),
    h("fieldset", {}, h("legend", {}, "Resources"), h("div", { class: "grid" },
      field("CPU request", f.cpu, "1000m is a core; an HPA's target is a share of it"), field("Memory request", f.memory), field("CPU limit", f.cpuLimit), field("Memory limit", f.memoryLimit))),
    h("details", { open: updating }, h("summary", {}, "Environment, labels, annotations, secrets"), h("div", { class: "grid" },
      field("Environment", f.env, "NAME=VALUE, one a line"), field("Labels", f.labels, "com.openfaas.scale.max=10, one a line"),
      field("Annotations", f.annotations), field("Secrets", f.secrets, "Names, with commas between")),
    h("label", { class: "radio" }, f.readOnly, "Read-only root file system")),
    problem, h("div", { class: "buttons left" }, button, h("a", { class: "button", href: updating ? href({ namespace, name }) : "#/" }, "Cancel")), images, processes);
  let filled = !updating;
  let base = {};
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say(problem, "");
    const resources = (cpu, memory) => ({ ...(cpu.value && { cpu: cpu.value.trim() }), ...(memory.value && { memory: memory.value.trim() }) });
    try {
      const spec = {
        ...base, service: f.service.value.trim(), image: f.image.value.trim(), namespace: f.namespace.value.trim(),
        ...(f.process.value && { envProcess: f.process.value.trim() }),
        envVars: pairs(f.env.value, "Environment"), labels: pairs(f.labels.value, "Labels"), annotations: pairs(f.annotations.value, "Annotations"),
        secrets: f.secrets.value.split(",").map((s) => s.trim()).filter(Boolean),
        requests: resources(f.cpu, f.memory), limits: resources(f.cpuLimit, f.memoryLimit), readOnlyRootFilesystem: f.readOnly.checked,
      };
      await api.deploy(spec, updating);
      toast(`${spec.service} is ${updating ? "updated" : "deployed"}`);
      location.hash = href({ name: spec.service, namespace: spec.namespace || "openfaas-fn" });
    } catch (error) {
      say(problem, error.message);
    }
  });
  async function fill() {
    filled = true;
    try {
      const s = await api.get(`/system/function/${encodeURIComponent(name)}?namespace=${encodeURIComponent(namespace)}`);
      base = { constraints: s.constraints };
      f.image.value = s.image;
      f.process.value = s.envProcess ?? "";
      f.env.value = lines(s.envVars);
      const own = ["faas_function", "uid"];
      f.labels.value = lines(Object.fromEntries(Object.entries(s.labels ?? {}).filter(([k]) => !own.includes(k))));
      f.annotations.value = lines(s.annotations);
      f.secrets.value = (s.secrets ?? []).join(", ");
      [f.cpu.value, f.memory.value, f.cpuLimit.value, f.memoryLimit.value] = [s.requests?.cpu, s.requests?.memory, s.limits?.cpu, s.limits?.memory].map((v) => v ?? "");
      f.readOnly.checked = !!s.readOnlyRootFilesystem;
    } catch (error) {
      say(problem, error.status === 404 ? `there is no function ${name} in ${namespace}` : error.message);
    }
  }
  return {
    root: h("section", {}, h("a", { class: "back", href: "#/" }, "← Functions"), h("h1", {}, updating ? `Update ${name}` : "Deploy a function"),
      h("p", { class: "lead" }, updating ? "Its pods are replaced one after the other; requests go on." : "It is one pod at first, and is called at ", updating ? null : h("code", {}, `${location.origin}/function/NAME`), updating ? null : "."), form),
    update(picture) {
      if (!filled) fill();
      if (images.childElementCount) return;
      const options = (values) => [...new Set(values.filter(Boolean))].map((value) => h("option", { value }));
      images.append(...options(["faasim/base:latest", ...picture.functions.map((x) => x.image)]));
      processes.append(...options(picture.functions.map((x) => x.envProcess)));
    },
  };
}
