"""The frame around every page: name, navigation, and what to say when a page cannot be shown."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import streamlit as st

from dashboards import data, explore, lineage_page, loads, notices, portal, theme
from dashboards.guard import SIGN_OUT
from dashboards.studio import page as studio


def main() -> None:
    """Run one page."""
    company = data.whole().workspace.name
    st.set_page_config(
        page_title=company,
        page_icon=str(theme.FOLDER / "mark.svg"),
        layout="wide",
        menu_items={"Get help": None, "Report a bug": None, "About": None},
    )
    theme.dress()
    st.logo(str(theme.LOGO), size="large")
    pages = {
        "portal": st.Page(
            _shown(portal.page), title="Portal", icon=":material/space_dashboard:",
            url_path="portal", default=True,
        ),
        "explore": st.Page(
            _shown(explore.page), title="Explore", icon=":material/pivot_table_chart:",
            url_path="explore",
        ),
        "loads": st.Page(
            _shown(loads.page), title="Loads", icon=":material/sync_alt:", url_path="loads"
        ),
        "lineage": st.Page(
            _shown(lineage_page.page), title="Lineage", icon=":material/account_tree:",
            url_path="lineage",
        ),
    }  # fmt: skip
    if data.may_edit(data.user()):
        pages["studio"] = st.Page(
            _shown(studio.page), title="Studio", icon=":material/construction:", url_path="studio"
        )
    st.session_state["pages"] = pages
    chosen = st.navigation(list(pages.values()), position="top")
    chosen.run()
    _footer()


def _shown(page: Callable[[], None]) -> Callable[[], None]:
    """The page, or an explanation of why it cannot be shown; never a traceback."""

    def run() -> None:
        with notices.contained("This page"):
            try:
                page()
            except data.NothingPublished as nothing:
                notices.empty(nothing.issues[0])
                _wait_for_data()

    return run


@st.fragment(run_every=4)
def _wait_for_data() -> None:
    """Draw the page anew once something is published."""
    if data.workspace().engine.version() is not None:
        st.rerun(scope="app")


def _footer() -> None:
    user = data.user()
    if user:
        st.html(
            f'<p class="rapport-user">Signed in as {escape(user)} ·'
            f' <a href="{SIGN_OUT}" target="_self">Sign out</a></p>'
        )


if __name__ == "__main__":  # Streamlit runs the script under this name
    main()
