"""A tiny application around the templates: `python -m tests.specimen.app PORT`."""

from __future__ import annotations

import sys
from pathlib import Path

from flask import Flask, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

import core.web
from core.i18n import add_catalogue, set_language
from core.web.view_models import Toast
from core.web.widgets import install_widgets
from tests.specimen.data import Specimen

WEB = Path(core.web.__path__[0])
CSP = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)


def make_app() -> Flask:
    """The specimen; language and theme come from `?lang=` and `?theme=`, kept in cookies."""
    app = Flask(
        __name__,
        template_folder=str(WEB / "templates"),
        static_folder=str(WEB / "static"),
        static_url_path="/static",
    )
    install_widgets(app.jinja_env)
    add_catalogue(WEB.parent / "translations")

    def specimen() -> Specimen:
        lang = request.args.get("lang") or request.cookies.get("lang", "zh")
        theme = request.args.get("theme") or request.cookies.get("theme", "light")
        set_language(lang)
        return Specimen(lang, theme)

    def page(template: str, **values: object) -> str:
        made = specimen()
        undo = Toast(made.w("Customer archived."), "ok", "/list") if "toast" in request.args else None
        return render_template(template, shell=made.shell(), toasts=[undo] if undo else [], **values)

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = CSP
        for name in ("lang", "theme"):
            if name in request.args:
                response.set_cookie(name, request.args[name])
        return response

    @app.get("/")
    def home() -> str:
        made = specimen()
        cards = [] if "empty" in request.args else made.cards()
        return page(
            "home.html",
            greeting=made.w("Good morning, Wang Yutong"),
            subtitle=made.w("You have 4 things to do today."),
            cards=cards,
        )

    @app.get("/list")
    def listing() -> str:
        view = specimen().list(
            request.args.get("q", ""), request.args.get("filter", ""), request.args.get("kind", "")
        )
        if request.headers.get("HX-Request"):
            return render_template("records/list_swap.html", view=view)
        return page("records/list.html", view=view)

    @app.route("/record", methods=["GET", "POST"])
    def record() -> str:
        return page("records/record.html", view=specimen().record("archived" in request.args))

    @app.route("/form", methods=["GET", "POST"])
    def form() -> ResponseReturnValue:
        if request.method == "POST" and request.form.get("name"):
            return redirect("/record?toast=1")
        wrong = request.method == "POST" or "wrong" in request.args
        return page(
            "records/form.html", view=specimen().form(wrong)
        ), 422 if wrong and request.method == "POST" else 200

    @app.route("/quick-create", methods=["GET", "POST"])
    def quick_create() -> ResponseReturnValue:
        made = specimen()
        if request.method == "POST" and request.form.get("name"):
            return jsonify(id=99, label=request.form["name"]), 201
        view = made.quick(request.args.get("name", ""), request.method == "POST")
        return render_template(
            "records/quick_create.html", view=view, csrf="x"
        ), 422 if request.method == "POST" else 200

    @app.route("/log-call", methods=["GET", "POST"])
    def log_call() -> ResponseReturnValue:
        if request.method == "POST":
            return redirect("/record?toast=1")
        return render_template("records/quick_create.html", view=specimen().call(), csrf="x")

    @app.get("/archive")
    def archive() -> str:
        return render_template("records/dialog_archive.html", view=specimen().archive(), csrf="x")

    @app.route("/timeline", methods=["GET", "POST"])
    def timeline() -> str:
        return render_template("records/timeline.html", timeline=specimen().timeline())

    @app.get("/lookup")
    def lookup() -> Response:
        made = specimen()
        found = [
            {"id": n, "label": made.w(name), "hint": "wang@example.com"}
            for n, name in enumerate(("Li Siyuan", "Wang Yutong", "Zhao Xinran"), 1)
        ]
        q = request.args.get("q", "")
        return jsonify(items=[item for item in found if q in str(item["label"])])

    @app.get("/filter-fields")
    def filter_fields() -> Response:
        return jsonify(items=specimen().filter_fields())

    @app.get("/palette")
    def palette() -> Response:
        made = specimen()
        return jsonify(
            groups=[
                {
                    "title": made.w("Customers"),
                    "items": [
                        {
                            "title": made.w("East China Precision"),
                            "hint": "C-010023",
                            "url": "/record",
                            "icon": "building",
                        }
                    ],
                }
            ]
        )

    @app.post("/preferences")
    def preferences() -> Response:
        answer = Response(status=204)
        for name in ("lang", "theme"):
            if name in request.form:
                answer.set_cookie(name, request.form[name])
        return answer

    @app.get("/login")
    def login() -> str:
        made = specimen()
        wrong = "wrong" in request.args
        return render_template(
            "login.html",
            lang=made.lang,
            theme=made.theme,
            csrf="x",
            tenant_name=made.w("Demo Company"),
            email="wang.yutong@example.com" if wrong else "",
            error=made.w("The email or the password is not right.") if wrong else "",
            next="",
        )

    @app.get("/error")
    def error() -> ResponseReturnValue:
        made = specimen()
        values = {
            "status": 404,
            "title": made.w("Not found"),
            "detail": made.w("There is nothing at this address, or you may not see it."),
            "request_id": "01JD7Q2M4X",
        }
        if "out" in request.args:
            return render_template("error.html", lang=made.lang, theme=made.theme, **values), 404
        return page("error.html", **values), 404

    @app.get("/addons")
    def addons() -> str:
        made = specimen()
        rows = [
            ["customer", "0.1.0", made.tag("on", "ok"), Markup("")],
            [
                "sales",
                "0.1.0",
                made.tag("quarantined", "bad"),
                made.w("models.py, line 12: no field named “amout”; did you mean “amount”?"),
            ],
        ]
        return page(
            "platform/addons.html",
            title=made.w("Addons"),
            columns=[made.w("Addon"), made.w("Version"), made.w("State"), made.w("Why")],
            rows=rows,
        )

    return app


if __name__ == "__main__":
    make_app().run("127.0.0.1", int(sys.argv[1]), threaded=True)
