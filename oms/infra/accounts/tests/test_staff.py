"""Staff: the first admin can always enter, roles hold exactly what the table says."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User

from oms.infra.accounts.models import StaffProfile
from oms.infra.accounts.services import roles, staff

pytestmark = pytest.mark.django_db
Role = StaffProfile.Role


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    settings.OMS = {**settings.OMS, "HOME": tmp_path}
    return tmp_path


def test_the_first_admin_is_made_with_a_private_password_file(home: Path) -> None:
    admin = staff.ensure_first_admin()
    path = home / "admin_password"
    assert (admin.username, admin.password_path) == ("admin", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().strip() == admin.password
    assert len(admin.password or "") == 20
    user = User.objects.get()
    assert user.check_password(admin.password or "")
    assert (user.is_superuser, user.is_staff) == (True, True)
    assert StaffProfile.objects.get(user=user).role == Role.ADMIN
    assert [p.name for p in home.iterdir()] == ["admin_password"]
    assert (admin.password or "") not in repr(admin)


def test_asking_again_makes_nobody_and_knows_the_password() -> None:
    first = staff.ensure_first_admin()
    assert staff.ensure_first_admin() == first
    assert User.objects.count() == 1


def test_a_changed_password_is_not_told() -> None:
    staff.ensure_first_admin()
    user = User.objects.get()
    user.set_password("chosen by a person")
    user.save()
    again = staff.ensure_first_admin()
    assert (again.username, again.password) == ("admin", None)
    assert User.objects.get().check_password("chosen by a person")


def test_a_removed_file_is_not_made_again(home: Path) -> None:
    staff.ensure_first_admin()
    (home / "admin_password").unlink()
    assert staff.ensure_first_admin().password is None
    assert not (home / "admin_password").exists()


def test_a_stale_file_without_an_admin_is_replaced(home: Path) -> None:
    path = home / "admin_password"
    path.write_text("left by a crash\n")
    path.chmod(0o644)
    admin = staff.ensure_first_admin()
    assert path.read_text().strip() == admin.password != "left by a crash"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_ordinary_user_called_admin_is_left_alone() -> None:
    User.objects.create_user("admin", password="mine")
    admin = staff.ensure_first_admin()
    assert admin.username.startswith("admin-")
    assert User.objects.get(username="admin").is_superuser is False


def test_a_failed_account_leaves_no_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise OSError

    monkeypatch.setattr(roles, "assign", refuse)
    with pytest.raises(OSError):
        staff.ensure_first_admin()
    assert not User.objects.exists()


def _held(role: Role) -> set[tuple[str, str]]:
    group = Group.objects.get(name=roles.group_name(role))
    return set(group.permissions.values_list("content_type__app_label", "codename"))


def test_every_role_but_admin_has_a_group_and_repeating_changes_nothing() -> None:
    staff.ensure_roles()
    before = {role: _held(role) for role in roles.GRANTS}
    staff.ensure_roles()
    assert {role: _held(role) for role in roles.GRANTS} == before
    assert set(roles.GRANTS) == set(Role) - {Role.ADMIN}
    assert Group.objects.count() == len(roles.GRANTS)


def test_every_room_of_the_table_exists() -> None:
    labels = set(Permission.objects.values_list("content_type__app_label", flat=True))
    named = {
        room for grants in roles.GRANTS.values() for rooms in grants.values() for room in rooms
    }
    assert named - labels == set()


def test_roles_see_and_change_what_the_table_says() -> None:
    staff.ensure_roles()
    floor, viewer, operations = _held(Role.FLOOR), _held(Role.VIEWER), _held(Role.OPERATIONS)
    assert ("warehouse", "change_workorder") in floor
    assert {label for label, name in floor if name.startswith("change_")} == {"warehouse"}
    assert not {label for label, _ in floor} & {"orders", "contacts", "accounts", "carriers"}
    assert {name.partition("_")[0] for _, name in viewer} == {"view"}
    assert not {label for label, _ in viewer} & {"contacts", "accounts", "outbox"}
    assert {("orders", "view_order"), ("orders", "change_order")} <= operations
    assert not [name for _, name in operations if name.startswith("delete_")]


def test_a_permission_given_by_hand_is_taken_back() -> None:
    staff.ensure_roles()
    group = Group.objects.get(name=roles.group_name(Role.VIEWER))
    group.permissions.add(Permission.objects.get(codename="delete_apikey"))
    staff.ensure_roles()
    assert ("accounts", "delete_apikey") not in _held(Role.VIEWER)


def test_a_person_has_one_role() -> None:
    staff.ensure_roles()
    user = User.objects.create_user("kim")
    user.groups.add(Group.objects.create(name="football"))
    roles.assign(user=user, role=Role.OPERATIONS)
    roles.assign(user=user, role=Role.FLOOR, node_codes=["RNO1", "DAL1", "RNO1"])
    user = User.objects.get(username="kim")
    assert set(user.groups.values_list("name", flat=True)) == {"football", "role: floor"}
    assert user.has_perm("warehouse.view_workorder")
    assert not user.has_perm("orders.view_order")
    assert StaffProfile.objects.get().node_codes == ["DAL1", "RNO1"]


def test_an_admin_who_becomes_a_viewer_is_no_superuser() -> None:
    staff.ensure_roles()
    user = User.objects.create_superuser("kim")
    roles.assign(user=user, role=Role.VIEWER)
    assert User.objects.get(username="kim").is_superuser is False


def test_nodes_of_a_person() -> None:
    anywhere, somewhere, nobody, admin = (
        User.objects.create_user(name, is_superuser=name == "admin")
        for name in ("anywhere", "somewhere", "nobody", "admin")
    )
    roles.assign(user=anywhere, role=Role.FLOOR)
    roles.assign(user=somewhere, role=Role.FLOOR, node_codes=["RNO1"])
    assert roles.allowed_node_codes(anywhere) is None
    assert roles.allowed_node_codes(somewhere) == {"RNO1"}
    assert roles.allowed_node_codes(nobody) == set()
    assert roles.allowed_node_codes(admin) is None
